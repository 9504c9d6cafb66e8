"""What the run screen hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.scenario import Try


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went.

    run_name:    its name in the store; None if it was not kept
    held:        whether every claim held; None if it was left before its end, makes none, or settings were changed
    guess_right: whether the guess was the right answer; None if there was none, or the run was left before its end
    next:        what the lesson suggests to try next, if that was chosen
    """

    run_name: str | None
    held: bool | None
    guess_right: bool | None
    next: Try | None = None
