"""Which names variants, metrics and layers may have, so that `variant.metric.layer` can be read in a claim."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
RESERVED = frozenset(("and", "or", "not"))
LONGEST_NAME = 40


def explain_variant_name(name: str) -> str | None:
    """A sentence that says why this cannot be the name of a variant, or None if it can."""
    return explain_name(name, "a variant")


def explain_name(name: str, whose: str) -> str | None:
    """A sentence that says why this cannot be the name of `whose`, or None if it can.

    A hyphen would be a minus in `bad-init.loss`, so words are joined with `_`.
    """
    if name in RESERVED:
        return f"{name!r} cannot be the name of {whose}: it is a word of the claim language"
    if len(name) > LONGEST_NAME:
        return f"the name {name[:20] + '…'!r} of {whose} is longer than {LONGEST_NAME} characters"
    if NAME.fullmatch(name):
        return None
    suggestion = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    hint = f", for example {suggestion}" if NAME.fullmatch(suggestion) and suggestion not in RESERVED else ""
    return f"{name!r} cannot be the name of {whose}: use letters, digits and _, beginning with a letter{hint}"
