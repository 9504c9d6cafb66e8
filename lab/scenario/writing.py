"""Values as YAML: on one line for `--set`, in blocks for a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from lab.scenario.scalars import resolve


def flow(value: Any) -> str:
    """A value as YAML on one line, so that `--set` reads the same value.

    >>> flow([{"dense": 64}, "relu", None]), flow("0.5"), flow(1e-05)
    ('[{dense: 64}, relu, null]', "'0.5'", '1.0e-05')
    """
    text = yaml.dump(
        value, Dumper=_OneLine, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False
    )
    return text.strip().removesuffix("...").strip()


def in_blocks(content: Mapping[str, Any]) -> str:
    """Plain values as YAML that is pleasant to read: long texts as blocks, small things on one line."""
    return yaml.dump(
        dict(content), Dumper=_Blocks, default_flow_style=None, width=110, allow_unicode=True, sort_keys=False
    )


class _OneLine(yaml.SafeDumper):
    """Puts quotes around every text that the lab would read as something else, such as `0E0`."""


class _Blocks(_OneLine):
    """With texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value and isinstance(dumper, _Blocks) else None if _stays_text(value) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _stays_text(word: str) -> bool:
    try:
        return isinstance(resolve(word), str)
    except ValueError:
        return False


_OneLine.add_representer(str, _text)
_Blocks.add_representer(str, _text)
