"""Checking the claims of many scenarios on many seeds, with all cores."""

from lab.verification.judged import Judged, merged
from lab.verification.verification import Report, Verification

__all__ = ["Judged", "Report", "Verification", "merged"]
