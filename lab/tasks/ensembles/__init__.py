"""Several networks whose answers, or whose weights, are averaged: the tasks `ensemble`, `snapshots` and `average`."""
