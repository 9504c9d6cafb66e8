"""A terminal lab for seeing why neural networks train or fail."""

__version__ = "0.1.0"
