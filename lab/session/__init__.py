"""Training a scenario: sessions, the curves they measure, the stream of events they write."""

from lab.session.history import History
from lab.session.session import Session, available_cores

__all__ = ["History", "Session", "available_cores"]
