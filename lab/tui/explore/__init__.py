"""The first screen: the chapters and their lessons, what became of each, and the lesson to read."""
