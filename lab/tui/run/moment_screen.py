"""Pictures of the moment that is looked at: now, while it trains, or an earlier step, where the cursor stands."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput
from lab.events import Event, PictureTaken
from lab.pictures import Picture
from lab.tui.run.app_services import frames_per_second
from lab.tui.run.control_screen import ControlScreen

if TYPE_CHECKING:
    from lab.tasks import Experiment

_PICTURES = 0.5
"""Seconds between two pictures at least: each of their cells has two colours, which makes them dear to send."""
_MOST_PICTURED = 6
"""Of so many variants pictures are taken while they train; at the end of all."""
_SCRUB_PAUSE = 0.15
"""Seconds that the cursor stands still before pictures of its step are asked for."""


class MomentScreen(ControlScreen):
    """Asks replicas for pictures; a subclass shows those that have arrived."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._arrived: list[Event] = []
        self._scrubbed: float | None = None
        self._moved = 0.0

    def pictures_arrived(self) -> list[Event]:
        """The pictures that were asked for and have come since this was asked last."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def follow_cursor(self) -> None:
        """Ask for pictures of the cursor's step once it stands still."""
        cursor = self.view.cursor
        if cursor != self._scrubbed and time.monotonic() - self._moved > _SCRUB_PAUSE:
            self._scrubbed = cursor
            self._scrub(cursor)

    def look_at_this(self) -> None:
        """Have pictures taken of what is looked at, on the way and now."""
        names = [each.name for each in self.session.variants]
        variant = self.tile_data.variant if self.tile_data.variant in names else names[0]
        seed = self.view.seed if self.view.seed is not None else self.session.seeds[0]
        shown = dict.fromkeys([variant, *(each for each in self.tile_data.decisive.variants if each in names), *names])
        wanted = [(each, seed) for each in list(shown)[:_MOST_PICTURED]]
        self.session.show_pictures(max(_PICTURES, 1.0 / frames_per_second(self)), wanted)
        if self.session.state != "new":
            for each, _ in wanted:
                self._ask(each, seed, None)

    def looks_elsewhere(self) -> None:
        self.look_at_this()
        if self.view.cursor is not None:
            self._scrubbed = None

    def cursor_moved(self) -> None:
        self._moved = time.monotonic()

    def _scrub(self, cursor: float | None) -> None:
        """Pictures of the moment kept before the cursor's step; without a cursor those of now."""
        if cursor is None:
            self.tile_data.past = None
            self.look_at_this()
            self.redraw()
        else:
            self._ask(self.tile_data.variant, self.tile_data.seed, int(cursor))

    def _ask(self, variant: str, seed: int, step: int | None) -> None:
        """Ask a replica for its pictures, now or at an earlier step."""

        def pictures(experiment: Experiment) -> tuple[int, list[Picture]]:
            return experiment.step, experiment.pictures()

        def take(future: Future[tuple[int, list[Picture]]]) -> None:
            if future.cancelled() or future.exception() is not None:
                return  # there is nothing to see of a replica that has not got there
            at, found = future.result()
            if step is None:
                self._arrived += [PictureTaken(variant, seed, at, each) for each in found]
            elif self.view.cursor is not None:
                self.tile_data.past = found
                self.app.call_later(self._show_past, at)

        try:
            if step is None:
                self.session.look(variant, seed, pictures).add_done_callback(take)
            else:
                self.session.look_back(variant, seed, step, pictures).add_done_callback(take)
        except BadInput:
            pass  # a variant that has just been removed

    def _show_past(self, step: int) -> None:
        branch, back = self.key_of("branch"), self.key_of("release")
        self.status.say(f"Pictures: step {step:,}, the nearest kept. {branch} branches off there, {back} returns.")
        self.redraw()
