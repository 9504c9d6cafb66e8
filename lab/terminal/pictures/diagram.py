"""A graph of boxes, with the value in each box and its gradient below."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len
from rich.style import Style as TextStyle
from rich.text import Text

from lab.pictures import Diagram
from lab.terminal.graph_layout import BoxSize, GraphLayout, lay_out
from lab.terminal.pictures.common import title_line
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, line, pad

_MOST_DRAWN = 60  # more boxes fit no window, and finding that out takes long
_UP, _RIGHT, _DOWN, _LEFT = 1, 2, 4, 8
_JOINTS = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
_ASCII_JOINTS = " |-+||++-+-++++++"


@dataclass(frozen=True, slots=True)
class _Box:
    """What stands in a box, line by line with its style; `framed`: with a border around it, else a blank before it."""

    lines: tuple[tuple[str, TextStyle], ...]
    framed: bool

    @property
    def width(self) -> int:
        return max((cell_len(text) for text, _ in self.lines), default=1) + 1 + self.framed

    @property
    def height(self) -> int:
        return len(self.lines) + 2 * self.framed


def render(picture: Diagram, width: int, height: int, style: Style) -> list[Text]:
    """Boxes and lines from left to right, or from top to bottom, whichever fits; else a list, one line per node."""
    sign = "∇" if style.unicode else "g="
    has_gradients = any(gradient for _, _, _, gradient in picture.nodes)
    heading = title_line(picture.title, width, style, f"value, {sign} gradient" if has_gradients else "")
    ways = ((True, False), (False, False), (True, True), (False, True)) if len(picture.nodes) <= _MOST_DRAWN else ()
    for framed, downward in ways:
        boxes = {name: _box(node, framed, sign, style) for name, *node in picture.nodes}
        sizes = {
            name: BoxSize(box.height, box.width, 1) if downward else BoxSize(box.width, box.height, int(framed))
            for name, box in boxes.items()
        }
        layout = lay_out(sizes, picture.edges, gap=2 if downward else int(not framed))
        wide, high = (layout.across, layout.along) if downward else (layout.along, layout.across)
        if wide <= width and high <= height - 1:
            return [heading, *_Drawing(wide, high, downward, style).draw(boxes, layout)]
    return [heading, *_list(picture, width, height - 1, sign, style)]


def _box(node: list[str], framed: bool, sign: str, style: Style) -> _Box:
    label, value, gradient = (style.words(each) for each in node)
    lines = [(label, BOLD)]
    if value:
        lines.append((value, style.text_style(style.good)))
    if gradient:
        lines.append((f"{sign}{gradient}", style.text_style(style.bad)))
    return _Box(tuple(lines), framed)


class _Drawing:
    """Characters and styles on a grid; lines are kept as arms of each cell until they are written out."""

    def __init__(self, width: int, height: int, downward: bool, style: Style) -> None:
        self.width, self.height, self.downward, self.style = width, height, downward, style
        self.arms: dict[tuple[int, int], dict[str, int]] = {}
        self.texts: list[tuple[int, int, str, TextStyle]] = []

    def draw(self, boxes: dict[str, _Box], layout: GraphLayout) -> list[Text]:
        for source, points in layout.routes:
            self._route(source, [self._turn(point) for point in points])
        for name, place in layout.boxes.items():
            self._place(boxes[name], *self._turn(place))
        return self._lines()

    def _turn(self, point: tuple[int, int]) -> tuple[int, int]:
        """(along, across) as (column, row)."""
        return (point[1], point[0]) if self.downward else point

    def _route(self, source: str, points: list[tuple[int, int]]) -> None:
        # The ends reach into the boxes they belong to, so that they are drawn through to the edge.
        first, last = (_UP, _DOWN) if self.downward else (_LEFT, _RIGHT)
        self._arm(points[0], source, first)
        self._arm(points[-1], source, last)
        for start, end in pairwise(points):
            step = ((end[0] > start[0]) - (end[0] < start[0]), (end[1] > start[1]) - (end[1] < start[1]))
            out = {(1, 0): _RIGHT, (-1, 0): _LEFT, (0, 1): _DOWN, (0, -1): _UP}.get(step, 0)
            back = {_RIGHT: _LEFT, _LEFT: _RIGHT, _DOWN: _UP, _UP: _DOWN}.get(out, 0)
            cell = start
            while cell != end:
                self._arm(cell, source, out)
                cell = (cell[0] + step[0], cell[1] + step[1])
                self._arm(cell, source, back)

    def _arm(self, cell: tuple[int, int], source: str, arm: int) -> None:
        nets = self.arms.setdefault(cell, {})
        nets[source] = nets.get(source, 0) | arm

    def _place(self, box: _Box, column: int, row: int) -> None:
        inner = box.width - 1 - box.framed
        for each in range(row, row + box.height):
            for cell in range(column, column + box.width):
                self.arms.pop((cell, each), None)
        if box.framed:
            corners, dash, wall = ("╭╮╰╯", "─", "│") if self.style.unicode else ("++++", "-", "|")
            self.texts.append((column, row, corners[0] + dash * inner + corners[1], DIM))
            self.texts.append((column, row + box.height - 1, corners[2] + dash * inner + corners[3], DIM))
            for each in range(row + 1, row + box.height - 1):
                self.texts += [(column, each, wall, DIM), (column + box.width - 1, each, wall, DIM)]
        for index, (text, text_style) in enumerate(box.lines):
            left = " " * ((inner - cell_len(text)) // 2)
            self.texts.append((column + 1, row + box.framed + index, pad(left + text, inner), text_style))

    def _lines(self) -> list[Text]:
        joints = _JOINTS if self.style.unicode else _ASCII_JOINTS
        cells: list[list[tuple[str, TextStyle | None]]] = [[(" ", None)] * self.width for _ in range(self.height)]
        for (column, row), nets in self.arms.items():
            if 0 <= row < self.height and 0 <= column < self.width:
                cells[row][column] = (joints[_joined(list(nets.values()))], DIM)
        lines = []
        for row, content in enumerate(cells):
            pieces = sorted((column, text, text_style) for column, at, text, text_style in self.texts if at == row)
            result, position = line(), 0
            for column, text, text_style in pieces:
                for character, faint in content[position:column]:
                    result.append(character, faint)
                result.append(text, text_style)
                position = column + cell_len(text)
            for character, faint in content[position:]:
                result.append(character, faint)
            lines.append(result)
        return lines


def _joined(nets: list[int]) -> int:
    """The arms to draw where several lines meet: lines that only cross do not join, the upright one is in front."""
    if len(nets) > 1 and all(each in (_UP | _DOWN, _LEFT | _RIGHT) for each in nets):
        return _UP | _DOWN if _UP | _DOWN in nets else _LEFT | _RIGHT
    arms = 0
    for each in nets:
        arms |= each
    return arms


def _list(picture: Diagram, width: int, height: int, sign: str, style: Style) -> list[Text]:
    """One line per node, indented by how deep it stands, with what goes into it."""
    into: dict[str, list[str]] = {name: [] for name, *_ in picture.nodes}
    for source, target in dict.fromkeys(picture.edges):
        if source in into and target in into:
            into[target].append(source)
    labels = {name: style.words(label) for name, label, _, _ in picture.nodes}
    depth = _depths(into)
    lines = []
    told = any(value or gradient for _, _, value, gradient in picture.nodes)
    for name, _, value, gradient in picture.nodes:
        if told and not value and not gradient and not into[name]:
            continue  # a constant: it is named where it goes in
        text = line("  " * min(depth[name], max(0, (width - 20) // 2)))
        text.append(labels[name], BOLD)
        numbers = [(style.words(value), style.good)] if value else []
        numbers += [(sign + style.words(gradient), style.bad)] if gradient else []
        room = width - text.cell_len - sum(2 + cell_len(number) for number, _ in numbers)
        if into[name] and room > 4:
            arrow = " ← " if style.unicode else " <- "
            text.append(clip(arrow + ", ".join(labels[each] for each in into[name]), room, style), DIM)
        for number, colour in numbers:
            # Rather none than a part of one, which would be another number.
            fits = 2 + cell_len(number) <= width - text.cell_len
            text.append("  " + number if fits else "", style.text_style(colour))
        lines.append(text)
    if len(lines) > height > 0:
        hidden = len(lines) - height + 1
        lines = [*lines[: height - 1], line(clip(f"and {hidden} more nodes", width, style), DIM)]
    return lines


def _depths(into: dict[str, list[str]]) -> dict[str, int]:
    depth = dict.fromkeys(into, 0)
    for _ in into:
        deeper = {name: max((depth[each] + 1 for each in sources), default=0) for name, sources in into.items()}
        if deeper == depth:
            break
        depth = {name: min(each, len(into)) for name, each in deeper.items()}
    return depth
