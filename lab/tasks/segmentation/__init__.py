"""Tasks that say something of every pixel."""
