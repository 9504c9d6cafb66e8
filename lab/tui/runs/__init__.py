"""What was run before: filter, replay, compare, export, delete."""
