"""Training a scenario: sessions, the curves they measure, the stream of events they write."""

from kernels.cores import available_cores
from lab.session.history import History
from lab.session.session import Session

__all__ = ["History", "Session", "available_cores"]
