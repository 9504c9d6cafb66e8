"""Boxes of an image in which an object might be, found without a network: all windows of some shapes, or regions that
hold together."""
