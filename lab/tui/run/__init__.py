"""Watching and steering a run: curves, pictures, the step explained, the verdict; and the same for a kept run."""
