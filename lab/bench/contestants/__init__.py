"""Who takes part in a race, one module each: run as `python -m lab.bench.contestants.<name> FOLDER CORE`."""
