"""The run store: every run with its scenario, everything it measured, and the arrays to go on from."""

from lab.store.home import home_folder
from lab.store.information import STATES, RunInfo
from lab.store.reader import Curve, Curves
from lab.store.store import Store
from lab.store.writer import RunWriter

__all__ = ["STATES", "Curve", "Curves", "RunInfo", "RunWriter", "Store", "home_folder"]
