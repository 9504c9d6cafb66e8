"""Tasks that make images larger, pixel by pixel, to be watched."""
