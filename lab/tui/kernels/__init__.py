"""The kernels of a scenario: what each row of its plan costs, and the source behind it."""
