"""Which kept run `lab resume` takes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import BadInput

if TYPE_CHECKING:
    from lab.store import RunInfo, Store


def unfinished(store: Store) -> RunInfo:
    """The latest run that can be resumed. Raises BadInput if there is none."""
    for info in store.runs():
        if info.resumable:
            return info
    raise BadInput("There is no unfinished run to resume; `lab runs` lists all of them.")
