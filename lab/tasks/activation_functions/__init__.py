"""Activation functions by themselves: the tasks `functions` and `timing`."""
