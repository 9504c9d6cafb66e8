"""Checking the claims of many scenarios on many seeds, with all cores."""

from lab.verification.claim_report import ClaimReport, merged
from lab.verification.verification import Report, Verification

__all__ = ["ClaimReport", "Report", "Verification", "merged"]
