"""Putting experiments together inside the screen: networks, own scenario files, runs with other settings, sweeps."""
