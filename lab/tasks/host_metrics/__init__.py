"""Numbers about a network in training that need more than one look from outside: the data it is given, its loss with
other weights. A new one is a new file with a `Survey`; every file of this folder is imported."""

from lab.tasks.host_metrics.survey import SURVEYS, Survey, load_surveys, survey_meanings, surveys

__all__ = ["SURVEYS", "Survey", "load_surveys", "survey_meanings", "surveys"]
