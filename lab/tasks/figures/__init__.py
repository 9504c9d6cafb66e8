"""Pictures of a network in training. A new one is a new file with a `View`; every file of this folder is imported.

A scenario chooses by name, `options: {pictures: [decision_regions, dead_units]}`; otherwise those with a `rank` are
shown wherever they fit.
"""

from lab.tasks.figures.moment import Moment
from lab.tasks.figures.view import VIEWS, Shown, View, load_views
from lab.tasks.figures.views import Views

__all__ = ["VIEWS", "Moment", "Shown", "View", "Views", "load_views"]
