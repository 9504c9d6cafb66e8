"""One network in training: the tasks `classify`, `regress` and `label`, and what they are made of."""
