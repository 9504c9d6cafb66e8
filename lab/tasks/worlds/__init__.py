"""Reinforcement learning on grids: worlds as data, methods that know them and methods that learn from experience."""
