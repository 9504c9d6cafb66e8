"""What somebody has chosen to see of a run, and how: apart from what is measured, and apart from any widget."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.scenario.show import ACROSS_LAYERS, AT_THE_START
from lab.terminal.metric_words import words

SMOOTHINGS = (0.0, 0.6, 0.9, 0.97)
PROFILES = {"profile": ACROSS_LAYERS, "first_profile": AT_THE_START}
"""The kinds of plots over the layers, and what a scenario writes behind the metric's name for each."""
_ENDINGS = {"layers": " by layer", **PROFILES}


@dataclass(frozen=True, slots=True)
class TileContent:
    """What a tile shows.

    kind: "metric": one curve per variant; "profile": the same, of its values from the first layer to the last;
          "first_profile": of those that were measured first; side by side for each variant: "layers": one curve per
          layer; "together": one for each of several metrics; "picture"
    name: the metric's name or names, or the picture's title
    """

    kind: str
    name: str

    @property
    def label(self) -> str:
        """Its name in lists."""
        if self.kind == "picture":
            return self.name
        return words(self.name) + _ENDINGS.get(self.kind, "")


@dataclass(slots=True)
class ViewOptions:
    """The choices of whoever watches.

    variant, seed: what is looked at closely; seed None: the mean over all seeds, and pictures of the first
    hidden:   variants that are not drawn
    chosen:   what the tiles show; None: what fits
    layers:   metrics that are shown by layer
    logs:     metrics whose axis was set by hand: logarithmic or not
    window:   the steps that are shown; None: all
    cursor:   the step at which values are read; None: the latest
    gradients: the lines of a network are its gradients, not its weights
    page, tile: which tiles are shown, and which of them is selected;  large: it fills the board
    """

    variant: str = ""
    seed: int | None = None
    hidden: set[str] = field(default_factory=set)
    chosen: list[TileContent] | None = None
    layers: set[str] = field(default_factory=set)
    logs: dict[str, bool] = field(default_factory=dict)
    smoothing: float = 0.0
    window: tuple[float, float] | None = None
    cursor: float | None = None
    page: int = 0
    tile: int = 0
    large: bool = False
    gradients: bool = False

    def zoom(self, whole: tuple[float, float], around: float | None, closer: bool) -> None:
        """Half or twice as many steps, around a step; all of them at most, and never less than a thousandth."""
        low, high = self.window or whole
        middle = (low + high) / 2 if around is None else around
        share = (middle - low) / (high - low) if high > low else 0.5
        length = (high - low) * (0.5 if closer else 2.0)
        length = max(length, (whole[1] - whole[0]) / 1000, 1.0)
        if length >= whole[1] - whole[0]:
            self.window = None
            return
        self._show(middle - share * length, length, whole)

    def pan(self, whole: tuple[float, float], share: float) -> None:
        """Move what is shown by a share of its length, as far as there is anything."""
        if self.window is not None:
            low, high = self.window
            self._show(low + share * (high - low), high - low, whole)

    def move_cursor(self, whole: tuple[float, float], latest: float, columns: float) -> None:
        """Move the cursor by so many hundredths of what is shown; the window follows it."""
        low, high = self.window or whole
        start = latest if self.cursor is None else self.cursor
        self.put_cursor(whole, start + columns * max((high - low) / 100, 1.0))

    def put_cursor(self, whole: tuple[float, float], step: float) -> None:
        """Put the cursor to a step."""
        self.cursor = float(min(max(round(step), whole[0]), whole[1]))
        if self.window is not None and not self.window[0] <= self.cursor <= self.window[1]:
            length = self.window[1] - self.window[0]
            self._show(self.cursor - length / 2, length, whole)

    def smoother(self) -> float:
        """The next of the smoothings."""
        place = SMOOTHINGS.index(self.smoothing) if self.smoothing in SMOOTHINGS else 0
        self.smoothing = SMOOTHINGS[(place + 1) % len(SMOOTHINGS)]
        return self.smoothing

    def _show(self, low: float, length: float, whole: tuple[float, float]) -> None:
        low = min(max(low, whole[0]), whole[1] - length)
        self.window = (low, low + length)
