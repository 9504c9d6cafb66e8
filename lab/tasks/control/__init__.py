"""Tasks in which a network learns to control something that moves."""
