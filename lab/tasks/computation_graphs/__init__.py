"""Formulas as graphs of elementary operations: the tasks `gates` and `formula`."""
