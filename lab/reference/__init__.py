"""What everything is that a scenario can name: for `lab explain`, for the pages in `docs/reference`, for help screens.

The words are those of the things themselves: docstrings, declared settings, the meanings of metrics. A docstring's
paragraphs that begin with `Formula:`, `Paper:` and `Example:` are told under headings of their own. Nothing has to be
added here when a layer, a metric or a picture is added elsewhere; only a new kind of thing is a file in this folder.
"""

from lab.reference.catalogue import KINDS, Answer, contents, look_up, topic
from lab.reference.topic import Setting, Topic

__all__ = ["KINDS", "Answer", "Setting", "Topic", "contents", "look_up", "topic"]
