"""Many trainings compared with each other: the tasks `search`, `grid` and `cross-validation`."""
