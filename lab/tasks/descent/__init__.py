"""Points that walk down a function: the task `descend`, the functions, and the map of their paths."""
