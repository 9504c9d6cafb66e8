"""Several variants side by side in one tile, on one scale: their pictures, or the same plot for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.segment import Segment
from rich.style import Style as TextStyle
from rich.text import Text
from textual.strip import Strip

from lab.pictures import Bars, Cells, Diagram, Field, Images, Passages, Picture, Regions, Table
from lab.terminal.metric_words import words
from lab.terminal.palettes import letter
from lab.terminal.pictures import common_legend, field, render
from lab.terminal.pictures.images import Fit, caption_lines
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, line
from lab.tui.run.kept_shapes import KeptShape, common_shape
from lab.tui.run.layout import Place, grid
from lab.tui.run.plot import Plot, draw, value_at
from lab.tui.run.strips import strip_of

_NARROWEST, _LOWEST = 17, 6
"""A picture can still be read at this size, its title included."""
_WIDE = 2.4
"""How many times as wide as high a picture should be, in characters."""
_NARROWEST_TALL, _WIDE_TALL = 11, 0.9
"""The same for tables of weights that are higher than wide."""
_NARROWEST_CELL = 6
"""A cell of a map with a number in it can still be read at so many columns."""
_BESIDE = 0.1
"""What it is worth that cells stand side by side, for each of them: as much larger they seem."""
_HIGH = 14
"""From so many lines on a tile has room for one more above its cells."""
_ACROSS = "across: "
_SHORTEST_NOTE = 10
"""So much of a note is worth showing."""
_STRIP = 2.5
"""Images that are so many times as wide as high stand below each other where that makes them larger."""
_NARROWEST_TEXT = 40
"""The same for texts, which stand below each other rather than in short lines."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one variant, or several that share a map, show. variants: (number, name) of each."""

    variants: tuple[tuple[int, str], ...]
    content: Plot | Picture
    note: str = ""


@dataclass(frozen=True, slots=True)
class Multiples:
    """Cells in order. keep: the one that is shown in any case, as somebody looks at its variant."""

    title: str
    cells: tuple[Cell, ...]
    keep: int = 0


Content = Plot | Picture | Multiples
Drawing = Callable[[int, int], Fit]


def arrangement(
    number: int,
    width: int,
    height: int,
    shape: tuple[int, float] = (_NARROWEST, _WIDE),
    lowest: int = _LOWEST,
    wider: bool = True,
    drawn: Drawing | None = None,
) -> list[Place]:
    """Places for as many of so many cells as can be read, all equally large, as near to a good shape as can be.

    shape: the columns that a cell needs, and how many times as wide as high it should be;  lowest: lines that it needs
    wider: whether the cells of a last row that is not full may be wider than the others
    drawn: how pictures that keep their shape stand in so many columns and lines; where they are largest is best then
    """
    narrowest, wide = min(shape[0], width), shape[1]
    whole = Place(0, 0, width, height)
    wide_enough = [
        found
        for count in range(number, 0, -1)
        for found in (grid(count, across, whole, wider) for across in range(1, count + 1))
        if all(each.width >= narrowest for each in found)
    ]
    if drawn is not None:
        fits = [(drawn(min(e.width for e in each), min(e.height for e in each)), each) for each in wide_enough]
        readable = [(len(each), *_seen(fit, each), _size(each, wide), each) for fit, each in fits if fit.readable]
        if readable:
            return max(readable)[-1]
    fitting = [each for each in wide_enough if all(one.height >= lowest for one in each)]
    return max(
        fitting,
        key=lambda found: (len(found), _size(found, wide) * (1.0 if wider else _filled(found))),
        default=[whole],
    )


def _is_painted(kept: KeptShape) -> bool:
    """Whether it is images or a map, which stand where their pixels are largest, rather than where they can be read."""
    return kept.kind in (Images.kind, Field.kind)


def _seen(fit: Fit, found: Sequence[Place]) -> tuple[int, float]:
    """How much is seen in each cell; side by side it may be a little smaller."""
    return fit.seen, round(fit.scale * (1.0 + _BESIDE * sum(each.y == 0 for each in found)), 3)


def _size(found: Sequence[Place], wide: float) -> float:
    """How large the cells are, judged by the side that is too short. Those side by side are compared more easily than
    those below each other, unequal ones hardly."""
    equal = len({each.width for each in found}) <= 2 and max(e.width for e in found) - min(e.width for e in found) <= 1
    return min(min(each.width / wide, each.height) for each in found) * (
        0.6 if not equal else 1.0 + _BESIDE * sum(each.y == 0 for each in found)
    )


def _filled(found: Sequence[Place]) -> float:
    """The share of the places that are taken where the last row may be left with some free."""
    across = sum(each.y == 0 for each in found)
    return len(found) / (across * len({each.y for each in found}))


def strips(shown: Multiples, width: int, height: int, style: Style, base: TextStyle, keep: int = 0) -> list[Strip]:
    """The tile's lines: a title, of which `keep` columns at its end stay free, and the cells below."""
    if width <= 0 or height <= 0:
        return []
    drawn = [each.content for each in shown.cells if not isinstance(each.content, Plot)]
    high = height >= _HIGH
    legend = common_legend(drawn, width, style, 1 + high) if len(drawn) == len(shown.cells) else []
    made, missing = _laid_out(shown, legend, 0, width, height, style, base, keep)
    if missing and high:
        made, _ = _laid_out(shown, legend, 1, width, height, style, base, keep)
    return made


def _laid_out(
    shown: Multiples,
    legend: Sequence[Text],
    more: int,
    width: int,
    height: int,
    style: Style,
    base: TextStyle,
    keep: int,
) -> tuple[list[Strip], bool]:
    """The lines, with legend and `more` lines below the title; and whether what the axes are has no room there."""
    told, missing = [*(each.copy() for each in legend), *(line() for _ in range(more))], False
    head = 1 + len(told)
    wider = not all(isinstance(each.content, Field | Regions) for each in shown.cells)  # a map keeps its shape
    shown = _equally_told(shown)
    kept = common_shape([each.content for each in shown.cells])
    drawn = (lambda columns, lines: kept.fit(columns, lines, style)) if kept is not None and _is_painted(kept) else None
    found = arrangement(
        len(shown.cells), width, height - head, _shape_of(shown), _lowest(shown) - len(told), wider, drawn
    )
    chosen = list(range(len(found)))
    if shown.keep not in chosen:
        chosen[-1] = shown.keep
    title = line(clip(style.words(shown.title), max(1, width - keep), style), BOLD)
    note = f"{len(chosen)} of {len(shown.cells)}"
    if len(chosen) < len(shown.cells) and title.cell_len + 2 + len(note) <= width - keep:
        title.append(f"  {note}", DIM)
    within = replace(style, legends=style.legends and not legend)
    said = [_title_would_say(each.content, style) for each in shown.cells]
    common = [each for each in said[0] if all(each in others for others in said)]
    rooms = _equal_rooms([shown.cells[number].content for number in chosen], found, within)
    cells = [
        _cell(_with_note(shown.cells[number], said[number], common), place, room, within, base)
        for number, place, room in zip(chosen, found, rooms, strict=True)
    ]
    below = [each.text for cell in cells for each in cell[-2:]]  # the last may be a scale of colours
    ends = [*((each, width) for each in told), (title, width - keep)]
    for each in common:
        free = [one for one, most in ends if one.cell_len + 2 + len(each) <= most]
        if any(text.rstrip().endswith(each.removeprefix(_ACROSS)) for text in below):
            continue
        missing = missing or not free
        if free:
            free[0].append(f"  {each}" if free[0].plain else each, DIM)
    rows: list[list[Strip]] = [[] for _ in range(height)]
    for line_above, strip in zip(rows, [strip_of(each, width, base) for each in (title, *told)], strict=False):
        line_above.append(strip)
    gap = Strip([Segment("  ", base)], 2)
    for cell, place in zip(cells, found, strict=True):
        for row, strip in enumerate(cell):
            rows[head + place.y + row] += [gap, strip] if place.x else [strip]
    return [Strip.join(row).adjust_cell_length(width, base) for row in rows], missing


def _equal_rooms(contents: Sequence[Plot | Picture], places: Sequence[Place], style: Style) -> list[tuple[int, int]]:
    """Columns and lines that each picture gets of its place, so that a pixel, or a cell of a map, is as large in one as
    in the others. Plots, and maps with axes, get all of it."""
    rooms = [(each.width, each.height) for each in places]
    fixed = [isinstance(each, Cells | Images) or (isinstance(each, Field) and each.extent is None) for each in contents]
    if not all(fixed):
        return rooms
    width, height = (min(sides) for sides in zip(*rooms, strict=True))
    maps = [each.values.shape for each in contents if isinstance(each, Field)]
    if len(maps) < len(contents) or any(len(each) != 2 or 0 in each for each in maps):
        return [(width, height)] * len(rooms)
    lines = height - field.lines_around(height, style)
    scale = min(field.scale_of(each, width, lines, style) for each in maps)
    if scale < 1:
        return [(width, height)] * len(rooms)
    # A map on which a cell may take this much is drawn at this scale, and stretched across as far as all can be.
    across, down = (1, 2) if style.paints else (2, 1)
    cell = int(scale)
    stretch = max(1, min(min(cell * rows, width // across) // (cell * columns) for rows, columns in maps))
    around = height - lines
    return [
        (min(width, cell * columns * stretch * across), min(height, around - (-cell * rows // down)))
        for rows, columns in maps
    ]


def _equally_told(shown: Multiples) -> Multiples:
    """The same with captions of equally many lines in all cells, so that their images are equally large."""
    told = [caption_lines(each.content) if isinstance(each.content, Images) else 0 for each in shown.cells]
    cells = []
    for cell, own in zip(shown.cells, told, strict=True):
        content = cell.content
        if isinstance(content, Images) and own < max(told):
            first, *others = content.captions or ("",)
            more = "\n" * (max(told) - len(first.split("\n")))
            content = replace(content, captions=((first or " ") + more, *others))
        cells.append(replace(cell, content=content))
    return replace(shown, cells=tuple(cells))


def _with_note(cell: Cell, said: Sequence[str], common: Sequence[str]) -> Cell:
    """A cell that says of its own picture what is not common to all, unless it says something else already."""
    own = [each for each in said if each not in common and not each.startswith(_ACROSS)]
    return replace(cell, note=own[0]) if own and not cell.note else cell


def _title_would_say(picture: Plot | Picture, style: Style) -> list[str]:
    """What stands in the title of a picture, which a cell does not have: what its axes are, and what is behind a title
    otherwise; of a plot nothing."""
    if isinstance(picture, Plot):
        return []
    across, up = (style.words(getattr(picture, name, "")) for name in ("x_label", "y_label"))
    # The first row of a table of numbers is on top.
    first_on_top = isinstance(picture, Field) and (picture.extent is None or picture.extent[2] > picture.extent[3])
    upright = "down" if first_on_top else "up"
    said = [f"{_ACROSS}{across}"] * bool(across) + [f"{upright}: {up}"] * bool(up)
    if isinstance(picture, Cells) and picture.note:
        said.append(picture.note)
    if isinstance(picture, Bars) and picture.log:
        said.append("logarithmic")
    if isinstance(picture, Diagram) and any(gradient for _, _, _, gradient in picture.nodes):
        said.append(f"value, {'∇' if style.unicode else 'g='} gradient")
    return said


def _shape_of(shown: Multiples) -> tuple[int, float]:
    """How narrow its cells may be, and how wide they should be."""
    if all(_is_tall(each.content) for each in shown.cells):
        return _NARROWEST_TALL, _WIDE_TALL
    columns = [each.content.values.shape[1] for each in shown.cells if isinstance(each.content, Cells)]
    if columns:
        return max(_NARROWEST, _NARROWEST_CELL * max(columns)), _WIDE
    if any(isinstance(each.content, Table | Passages) for each in shown.cells):
        return _NARROWEST_TEXT, _WIDE
    strip = _strip(shown)
    if strip >= _STRIP:
        return _NARROWEST, 2 * strip  # a character is twice as high as wide
    return _NARROWEST, _WIDE


def _lowest(shown: Multiples) -> int:
    """How many lines a cell needs, its name and a title included: a map of cells one for each of its rows, a strip of
    images one for two of its pixels."""
    if _strip(shown) >= _STRIP:
        high = max(each.content.images.shape[1] for each in shown.cells if isinstance(each.content, Images))
        return min(_LOWEST, 1 + -(-high // 2))
    rows = [each.content.values.shape[0] for each in shown.cells if isinstance(each.content, Cells)]
    return max(_LOWEST, 2 + max(rows, default=0))


def _strip(shown: Multiples) -> float:
    """How many times as wide as high the images are; 0 if there is anything else."""
    images = [each.content.images.shape[1:3] for each in shown.cells if isinstance(each.content, Images)]
    return max((width / height for height, width in images), default=0.0) if len(images) == len(shown.cells) else 0.0


def _is_tall(content: Plot | Picture) -> bool:
    return isinstance(content, Field) and content.extent is None and content.values.shape[0] > content.values.shape[1]


def _cell(cell: Cell, place: Place, room: tuple[int, int], style: Style, base: TextStyle) -> list[Strip]:
    """One cell: which variant, in its colour, and below its picture or plot, which takes this much of the place."""
    heading = strip_of(_heading(cell, place.width, style), place.width, base)
    if isinstance(cell.content, Plot):
        return [heading, *draw(cell.content, place.width, place.height, style, base).strips[1:]]
    drawn = [strip_of(each, place.width, base) for each in render(cell.content, *room, style)[1:]]
    return [heading, *drawn, *[strip_of(line(), place.width, base)] * (place.height - room[1])]


def _heading(cell: Cell, width: int, style: Style) -> Text:
    text = line()
    for number, name in cell.variants:
        gap = 2 if text.plain else 0
        room = width - text.cell_len - gap
        if room > 0:
            told = clip(f"{letter(number)} {style.words(name)}", room, style)
            text.append(" " * gap).append(told, style.text_style(style.colour(number), bold=True))
    for told, faint in _values(cell):
        room = width - text.cell_len - 2
        if len(told) <= room or (room >= _SHORTEST_NOTE and told == cell.note):
            text.append("  ").append(clip(style.words(told), room, style), DIM if faint else style.text_style(None))
    return text


def _values(cell: Cell) -> list[tuple[str, bool]]:
    """What stands behind the variant's name, and whether it is faint as its curve is."""
    plot = cell.content
    if isinstance(plot, Plot) and plot.shaded:
        told = [
            (f"{words(each.name)} {value_at(each, plot.cursor)}", not place) for place, each in enumerate(plot.lines)
        ]
        return sorted(told, key=lambda each: each[1])  # the faint one last, where there is room for it
    return [(cell.note, True)] if cell.note else []
