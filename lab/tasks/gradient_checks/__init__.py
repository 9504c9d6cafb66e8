"""Backpropagation held against finite differences: the task `gradient-check`, and the bugs planted for it."""
