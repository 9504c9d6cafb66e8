"""PNG: the curves as a picture, twice as fine as the drawing's pixels."""

from __future__ import annotations

from typing import IO

from lab.errors import MissingExtra
from lab.exports.figure import Figure, Line, figure, scaled
from lab.exports.selection import Selection

KIND, SUFFIX = "binary", ".png"
_FINE = 2  # pixels of the picture per pixel of the drawing
_SMOOTH = 2  # drawn so many times larger, then reduced, which smooths the lines


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes one PNG picture. Raises MissingExtra without Pillow."""
    try:
        import PIL.Image  # noqa: F401  only to see whether it is there, before the work is done
    except ImportError:
        raise MissingExtra("A picture in png", "picture") from None
    _draw(figure(selection), stream)


def _draw(drawing: Figure, stream: IO[bytes]) -> None:
    from PIL import Image, ImageDraw, ImageFont

    factor = _FINE * _SMOOTH
    image = Image.new("RGB", (round(drawing.width * factor), round(drawing.height * factor)), "white")
    pen = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        large = scaled(shape, factor)
        if isinstance(large, Line):
            points = [(x, y) for x, y in large.points.tolist()]
            pen.line(points, fill=large.colour, width=max(1, round(large.width)), joint="curve")
        else:
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[large.anchor]
            heavy = round(large.size * 0.025) if large.bold else 0
            font = ImageFont.load_default(large.size)
            pen.text((large.x, large.y), large.text, large.colour, font, anchor, stroke_width=heavy)
    image.reduce(_SMOOTH).save(stream, "PNG", optimize=True)
