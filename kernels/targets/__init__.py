"""What can run a plan: `cpu` (compiled, fast), `python` (plain Python with bounds checks, the oracle)."""
