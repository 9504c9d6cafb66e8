"""Tasks that make examples of many features points in a plane."""
