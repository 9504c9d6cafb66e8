"""The question before a lesson's first run."""
