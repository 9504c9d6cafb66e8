"""The run store: every run with its scenario, everything it measured, and the arrays to go on from."""

from lab.store.home import home_folder
from lab.store.information import STATES, RunInfo
from lab.store.reader import Column, Curve, Curves, Table
from lab.store.store import Store
from lab.store.writer import RunWriter

__all__ = ["STATES", "Column", "Curve", "Curves", "RunInfo", "RunWriter", "Store", "Table", "home_folder"]
