"""Images: the formats that they come in, and how they are kept as bytes."""
