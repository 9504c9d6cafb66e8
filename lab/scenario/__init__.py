"""Scenario files: reading, checking, overriding, and the language of claims.

Names are looked up when they are first used: a listing of the library must not wait for pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.scenario.expression import Expression, parse, parse_claim
    from lab.scenario.grammar import InvalidExpression
    from lab.scenario.listing import Entry, find, library
    from lab.scenario.loading import Loaded, Variant, load, load_text
    from lab.scenario.measured import Measured
    from lab.scenario.model import Claim, Optimizer, Question, Scenario, Train
    from lab.scenario.settings import parse_setting, parse_settings
    from lab.scenario.show import Show
    from lab.scenario.try_next import Try

__all__ = [
    "Claim",
    "Entry",
    "Expression",
    "InvalidExpression",
    "Loaded",
    "Measured",
    "Optimizer",
    "Question",
    "Scenario",
    "Show",
    "Train",
    "Try",
    "Variant",
    "find",
    "library",
    "load",
    "load_text",
    "parse",
    "parse_claim",
    "parse_setting",
    "parse_settings",
]

_HOMES = {
    "expression": ("Expression", "parse", "parse_claim"),
    "grammar": ("InvalidExpression",),
    "listing": ("Entry", "find", "library"),
    "loading": ("Loaded", "Variant", "load", "load_text"),
    "measured": ("Measured",),
    "model": ("Claim", "Optimizer", "Question", "Scenario", "Train"),
    "show": ("Show",),
    "settings": ("parse_setting", "parse_settings"),
    "try_next": ("Try",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"lab.scenario.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
