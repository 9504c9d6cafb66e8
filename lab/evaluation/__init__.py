"""What trained networks are good for: predicting for new examples, and how good that is."""

from lab.evaluation.choosing import Chosen, model_of
from lab.evaluation.predictions import Predictions
from lab.evaluation.trained import TrainedModel

__all__ = ["Chosen", "Predictions", "TrainedModel", "model_of"]
