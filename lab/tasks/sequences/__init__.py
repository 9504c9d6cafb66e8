"""Networks that read and write sequences."""
