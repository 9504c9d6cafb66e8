"""Watching and steering a run: curves, units, pictures, the step explained, the verdict; and the same for a kept run."""
