"""Finding several objects in an image: the task, its detectors, and what becomes of what they say."""
