"""Networks that predict the next word: the task `next-word`, by a softmax or by a tree of choices."""
