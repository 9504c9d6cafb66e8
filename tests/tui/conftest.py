"""A small library, an empty home and no settings file, so that no screen depends on what the curriculum is."""

import time
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parent / "library"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """Home and settings in a folder of the test's own; returns it."""
    home = tmp_path / "home"
    monkeypatch.setenv("LAB_HOME", str(home))
    monkeypatch.setenv("LAB_CONFIG", str(tmp_path / "settings.yaml"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield tmp_path
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def library(monkeypatch):
    """Three lessons in two chapters instead of the built-in ones."""
    monkeypatch.setattr("lab.scenario.listing.builtin_folder", lambda: LIBRARY)
    return LIBRARY
