"""Why a network does not learn: one change after the other is tried, and what mends it is what was wrong."""

from lab.diagnosis.case import Case
from lab.diagnosis.diagnosis import Diagnosis, Round, diagnose
from lab.diagnosis.treatment import TREATMENTS, Treatment
from lab.diagnosis.trials import Outcome, Progress

__all__ = ["TREATMENTS", "Case", "Diagnosis", "Outcome", "Progress", "Round", "Treatment", "diagnose"]
