"""Data of one's own inside the screen: a file is found, looked at, and becomes a scenario."""
