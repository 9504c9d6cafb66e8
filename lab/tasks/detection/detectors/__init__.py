"""The detectors that a scenario can name, one file each."""
