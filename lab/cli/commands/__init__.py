"""One file per command; the table is in `lab.cli.app`."""
