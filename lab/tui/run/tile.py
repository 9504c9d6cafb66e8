"""One place on the board: curves, a picture or several pictures, drawn again only where they have changed."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from lab.terminal.metric_words import unit, words
from lab.terminal.pictures import render
from lab.terminal.style import BOLD, DIM, Style
from lab.tui.problems import ReportsProblems
from lab.tui.run import multiples
from lab.tui.run.app_services import services
from lab.tui.run.multiples import Content, Multiples
from lab.tui.run.plot import Drawn, Plot, draw
from lab.tui.run.strips import changed_regions, strip_of


class Lines(ReportsProblems, Widget):
    """A widget of strips. `draw` makes them for the size there is; only what changed is sent to the terminal."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # Textual's own options
        self._strips: list[Strip] = []

    def draw(self, width: int, height: int, style: Style) -> list[Strip]:
        """The strips for this size."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again, and have the terminal show what is different."""
        width, height = self.size
        if not self.is_attached or not width or not height:
            return
        drawn = self.draw(width, height, services(self).style)
        old, self._strips = self._strips, drawn
        if len(old) != len(drawn) or (old and old[0].cell_length != width):
            self.refresh()
        elif regions := changed_regions(old, drawn, width):
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Textual asks for one line."""
        if 0 <= y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def on_resize(self) -> None:
        self._strips = []
        self.redraw()

    def notify_style_update(self) -> None:
        """Another theme: all colours are others."""
        super().notify_style_update()
        self._strips = []
        self.redraw()


class TextLines(Lines):
    """Lines of text that somebody else makes: `make(width, height, style)`."""

    def draw(self, width: int, height: int, style: Style) -> list[Strip]:
        base = self.rich_style
        texts = self.make(width, height, style)[:height]
        strips = [strip_of(each, width, base) for each in texts]
        return strips + [Strip.blank(width, base)] * (height - len(strips))

    def make(self, width: int, height: int, style: Style) -> list[Text]:
        """At most `height` lines."""
        raise NotImplementedError


def _heading(content: Content | None) -> str:
    """What the first line says in any case."""
    if isinstance(content, Plot):
        return " ".join(each for each in (words(content.title), unit(content.title), content.note) if each)
    return content.title if content is not None else ""


class Tile(Lines):
    """A plot or a picture; see the module's text."""

    class Pointed(Message):
        """Somebody clicked at x in a plot."""

        def __init__(self, tile: Tile, x: float) -> None:
            super().__init__()
            self.tile, self.x = tile, x

    class Turned(Message):
        """The wheel was turned over a plot: towards x (in), or away from it."""

        def __init__(self, tile: Tile, x: float, closer: bool) -> None:
            super().__init__()
            self.tile, self.x, self.closer = tile, x, closer

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.content: Content | None = None
        self.hint: str | None = None
        self._drawn: tuple[object, int, int, Style, list[Strip]] | None = None
        self._inside: Drawn | None = None

    def show(self, content: Content | None, hint: str | None = None) -> None:
        """What is to be seen from now on.

        hint: on the selected tile, what a key does with it, for the end of its first line
        """
        self.content, self.hint = content, hint
        self.redraw()

    def draw(self, width: int, height: int, style: Style) -> list[Strip]:
        strips = self._draw(width, height, style)
        if self.hint is None or not strips:
            return strips
        return [self._headed(strips[0], width, style, self.hint), *strips[1:]]

    def _headed(self, strip: Strip, width: int, style: Style, hint: str) -> Strip:
        """The first line with the sign of the selected tile, and the hint if there is room."""
        base = self.rich_style
        sign = Strip([Segment("▸" if style.unicode else ">", base + BOLD)], 1)
        free = width - 1 - cell_len(strip.text.rstrip())
        if free < cell_len(hint) + 2:
            return Strip.join([sign, strip.crop(0, width - 1)])
        end = Strip([Segment(hint, base + DIM)], cell_len(hint))
        return Strip.join([sign, strip.crop(0, width - 1 - cell_len(hint)), end])

    def _draw(self, width: int, height: int, style: Style) -> list[Strip]:
        base = self.rich_style
        content = self.content
        keep = 0 if self.hint is None else min(cell_len(self.hint) + 3 if self.hint else 1, width // 2)
        if keep > 1 and cell_len(_heading(content)) + keep > width:
            keep = 1  # what is seen is more than what a key does with it
        if isinstance(content, Plot):
            self._inside = draw(content, width, height, style, base, keep)
            return self._inside.strips
        self._inside = None
        if content is None:
            return [Strip.blank(width, base)] * height
        known = self._drawn
        if known is None or known[0] is not content or known[1:4] != (width, height, style) or not self._strips:
            if isinstance(content, Multiples):
                strips = multiples.strips(content, width, height, style, base, keep)
            else:
                strips = [strip_of(each, width, base) for each in render(content, width, height, style)]
            self._drawn = known = (content, width, height, style, strips)
        return known[4]

    def x_at(self, column: int) -> float | None:
        """The step under a column of the widget; None outside of a plot over the steps."""
        steps = isinstance(self.content, Plot) and self.content.x_label == "step"
        return self._inside.x_at(column) if steps and self._inside is not None else None

    def on_click(self, event: events.Click) -> None:
        if (x := self.x_at(event.x)) is not None:
            self.post_message(self.Pointed(self, x))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn(event, closer=True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn(event, closer=False)

    def _turn(self, event: events.MouseEvent, closer: bool) -> None:
        if (x := self.x_at(event.x)) is not None:
            event.stop()
            self.post_message(self.Turned(self, x, closer))
