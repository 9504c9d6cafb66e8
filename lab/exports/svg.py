"""SVG: the curves as a drawing that stays sharp at any size."""

from __future__ import annotations

from typing import IO
from xml.sax.saxutils import escape

from lab.exports.figure import Figure, Line, Shape, figure
from lab.exports.selection import Selection
from lab.terminal.palettes import RGB

KIND, SUFFIX = "text", ".svg"


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes one SVG document."""
    stream.write(render(figure(selection)).encode())


def render(drawing: Figure) -> str:
    """The drawing as an SVG document."""
    width, height = f"{drawing.width:g}", f"{drawing.height:g}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif">',
        f"<title>{escape(drawing.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(_element(shape) for shape in drawing.shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _element(shape: Shape) -> str:
    if isinstance(shape, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points.tolist())
        return (
            f'<polyline points="{points}" fill="none" stroke="{_colour(shape.colour)}" '
            f'stroke-width="{shape.width:g}" stroke-linejoin="round"/>'
        )
    weight = ' font-weight="bold"' if shape.bold else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size:g}" fill="{_colour(shape.colour)}" '
        f'text-anchor="{shape.anchor}"{weight}>{escape(shape.text)}</text>'
    )


def _colour(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
