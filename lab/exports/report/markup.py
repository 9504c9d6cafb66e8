"""Pieces of HTML and SVG. Whatever comes from a scenario or a run passes through `escape`,
`sentence` or `markdown`."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from html import escape as _escape

import numpy as np

from lab.terminal.palettes import Family, PaletteName, bad, colours_of, good, series_colour


def escape(text: object) -> str:
    """A text as it can stand in an element or an attribute; characters that HTML forbids become blanks."""
    shown = "".join(each if each.isprintable() or each in "\n\t" else " " for each in str(text))
    return _escape(shown, quote=True)


def sentence(text: object) -> str:
    """A sentence of the lab or of a lesson as it can stand in an element: what is in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def markdown(text: str) -> str:
    """Markdown as HTML. HTML in it is shown as it is written, and images, which would be fetched, are links."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return str(reader.render(text))


def colour(number: int, family: Family) -> str:
    """The colour of number `number` of a family, as CSS: another one on a dark page."""
    return f"var(--{'v' if family == 'variants' else 's'}{number % colours_of(family)})"


def palette(name: PaletteName) -> str:
    """The declarations of all colours of a palette."""
    rows = [f"--v{each}:{_hex(series_colour(each, name).rgb)}" for each in range(colours_of("variants"))]
    rows += [f"--s{each}:{_hex(series_colour(each, name, 'series').rgb)}" for each in range(colours_of("series"))]
    return ";".join([*rows, f"--good:{_hex(good(name).rgb)}", f"--bad:{_hex(bad(name).rgb)}"])


def _hex(rgb: Sequence[int]) -> str:
    red, green, blue = rgb
    return f"#{red:02x}{green:02x}{blue:02x}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of sentences, each escaped here; without `head` it has none."""
    top = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{sentence(each)}</td>" for each in row) + "</tr>" for row in rows)
    top = f"<thead><tr>{top}</tr></thead>" if head else ""
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'


def words(x: float, y: float, text: object, kind: str = "", anchor: str = "start", fill: str = "") -> str:
    """A text in a drawing; `kind` is its class, `anchor` what stands at x: its start, middle or end."""
    ink = f' style="fill:{fill}"' if fill else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"{ink}>{escape(text)}</text>'


def line(points: np.ndarray, stroke: str, width: float = 1.6, more: str = "") -> str:
    """Straight lines through points [n, 2]; where one is not finite there is a gap, and a lone one is a dot."""
    good_ones = np.isfinite(points).all(axis=1)
    ends = np.flatnonzero(np.diff(np.concatenate([[False], good_ones, [False]]).astype(int)))
    path = []
    for first, last in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        piece = points[first:last].tolist()
        path.append("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in piece) + ("h0.1" if len(piece) == 1 else ""))
    if not path:
        return ""
    return (
        f'<path d="{"".join(path)}" style="fill:none;stroke:{stroke};stroke-width:{width:g};stroke-linecap:round;'
        f'stroke-linejoin:round{";" + more if more else ""}"/>'
    )


def dots(points: np.ndarray, fill: str, size: float = 2.4) -> str:
    """A dot at each of the points [n, 2] that is finite, with a thin rim so that it stands out on any ground."""
    shown = points[np.isfinite(points).all(axis=1)].tolist()
    circles = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}"/>' for x, y in shown)
    return f'<g class="dots" style="fill:{fill}">{circles}</g>' if circles else ""


def signs(points: np.ndarray, sign: str, fill: str) -> str:
    """A sign at each of the points [n, 2], on a thin rim like that of dots."""
    shown = "".join(f'<text x="{x:.1f}" y="{y + 3.5:.1f}">{escape(sign)}</text>' for x, y in points.tolist())
    return f'<g class="signs" text-anchor="middle" style="color:{fill}">{shown}</g>' if shown else ""


def drawing(width: float, height: float, title: str, inside: str) -> str:
    """A drawing that may be narrower than `width`, never wider; `title` is what is read aloud of it."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" role="img" '
        f'aria-label="{escape(title)}">{inside}</svg>'
    )


def bitmap(pixels: np.ndarray) -> str:
    """Pixels uint8[rows, columns, 3 or 4] as a PNG in an address that needs no network."""
    rows, columns, channels = pixels.shape
    lines = np.zeros((rows, 1 + columns * channels), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = pixels.reshape(rows, -1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 6 if channels == 4 else 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return "data:image/png;base64," + base64.b64encode(content).decode()


def image(pixels: np.ndarray, x: float, y: float, width: float, height: float) -> str:
    """The same in a drawing, its pixels as rectangles with sharp edges."""
    return (
        f'<image href="{bitmap(pixels)}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        'preserveAspectRatio="none" style="image-rendering:pixelated"/>'
    )
