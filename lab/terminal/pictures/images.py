"""Images side by side in rows, each with its caption of a line or more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rich.text import Text

from lab.pictures import Images
from lab.terminal import blocks
from lab.terminal.pictures import overlays
from lab.terminal.pictures.common import title_line
from lab.terminal.plot_frame import legend_lines
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import beside, clip_caption, line, pad

_READABLE = 9
"""Pixels that an image keeps at least, each way, if it has so many: in a smaller one nothing can be recognised, so
fewer images are shown then."""
_READABLE_BELOW_LINES = 16
"""The same of images with boxes or lines on top, which must not hide what they are around."""
_LARGEST_PIXEL = 8
_MANY_PIXELS = 16
"""An image of so many pixels can also be enlarged one and a half times, as unequal pixels hardly show."""


class Fit(NamedTuple):
    """How images stand in some room.

    seen: how many of them have a place;  scale: characters across (of two lines, down) per pixel
    columns, rows: characters of each;  across, down: how many stand side by side, and below each other
    readable: whether enough can be recognised in each
    """

    seen: int
    scale: float
    columns: int
    rows: int
    across: int
    down: int
    readable: bool


def render(picture: Images, width: int, height: int, style: Style) -> list[Text]:
    """As many images as fit, as large as they can be when all are to be seen, but not blown up beyond eight times."""
    images = np.asarray(picture.images, dtype=np.float64)
    lines, below = [title_line(picture.title, width, style)], legend(picture, width, style) if style.legends else []
    if images.ndim not in (3, 4) or images.size == 0:
        return [*lines, line("no images", DIM)]
    told = caption_lines(picture)
    shown, _, columns, rows, across, _, _ = fit(
        images.shape, told, bool(picture.outlines), width, height - 1 - len(below), style
    )
    for start in range(0, shown, across):
        if start and not told:
            lines.append(line())
        blocks_of_row = []
        for index in range(start, min(start + across, shown)):
            block = _paint(images[index], columns, rows, style)
            overlays.draw(picture, index, block, columns, rows, style)
            caption = picture.captions[index].split("\n") if index < len(picture.captions) else []
            for own in [*caption, *[""] * told][:told]:
                block.append(line(pad(clip_caption(style.words(own), columns, style), columns), DIM))
            blocks_of_row.append(block)
        lines += beside(blocks_of_row, gap=1)
    if shown < len(images):
        lines[0] = title_line(picture.title, width, style, f"the first {shown} of {len(images)}")
    return [*lines, *below]


def legend(picture: Images, width: int, style: Style, most: int = 1) -> list[Text]:
    """What the boxes and lines on top of the images are."""
    return legend_lines(overlays.entries(picture, style), width, style, most) if picture.outlines else []


def caption_lines(picture: Images) -> int:
    """Lines below each image."""
    return max((len(each.split("\n")) for each in picture.captions if each), default=0)


def fit(shape: tuple[int, ...], told: int, outlined: bool, width: int, height: int, style: Style) -> Fit:
    """The largest images with which most are seen, in so many columns and lines for them and their captions.

    shape: [count, height, width];  told: lines of a caption;  outlined: whether boxes or lines lie on top of them
    """
    readable = _READABLE_BELOW_LINES if outlined else _READABLE
    count, high, wide = shape[:3]
    stretch = 1.0 if style.paints else 2.0  # a character is about twice as high as wide
    per_line = 2 if style.paints else 1
    least = min(1.0, readable / min(high, wide))
    room = max(1, height - told)
    found = []  # how many are seen, how large they are, how few places stay empty, how many in a row, how many rows
    for across in range(1, count + 1):
        for down in range(1, -(-count // across) + 1):
            below = told or 1  # under each row its captions, or an empty line
            lines = (height + (not told)) // down - below
            most = min(((width + 1) // across - 1) / (wide * stretch), lines * per_line / high, _LARGEST_PIXEL)
            if most >= least or across * down == 1:
                seen = min(count, across * down)
                found.append((seen, _whole(most, wide), seen - across * down, across, down, most >= least))
    seen, scale, _, across, down, good = max(found)
    columns, rows = max(1, round(wide * stretch * scale)), max(1, -(-round(high * scale) // per_line))
    return Fit(seen, scale, min(columns, width), min(rows, room), across, down, good)


def _whole(scale: float, wide: int) -> float:
    """So that all pixels are equally large, or nearly so."""
    if scale < 1:
        return scale
    return int(2 * scale) / 2 if wide >= _MANY_PIXELS else float(int(scale))


def _paint(image: np.ndarray, columns: int, rows: int, style: Style) -> list[Text]:
    if style.paints:
        pixels = blocks.resize(image, 2 * rows, columns)
        colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
        clean = np.nan_to_num(np.clip(colour, 0.0, 1.0), nan=0.3)
        return blocks.half_blocks(np.rint(clean * 255).astype(np.uint8))
    grey = image if image.ndim == 2 else image @ np.array([0.299, 0.587, 0.114])
    return blocks.shades(np.clip(blocks.resize(grey, rows, columns), 0.0, 1.0), style)
