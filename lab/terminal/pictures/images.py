"""Images side by side in rows, each with its caption."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from lab.pictures import Images
from lab.terminal import blocks
from lab.terminal.pictures.common import title_line
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import beside, clip, line, pad

_SMALLEST = 4


def render(picture: Images, width: int, height: int, style: Style) -> list[Text]:
    """As many images as fit, as large as they can be when all are to be seen, but not blown up beyond four times."""
    images = np.asarray(picture.images, dtype=np.float64)
    lines = [title_line(picture.title, width, style)]
    if images.ndim not in (3, 4) or images.size == 0:
        return [*lines, line("no images", DIM)]
    captioned = any(picture.captions)
    columns, rows, across, down = _arrange(images.shape, width, height - 1, captioned, style)
    shown = min(len(images), across * down)
    for start in range(0, shown, across):
        blocks_of_row = []
        for index in range(start, min(start + across, shown)):
            block = _paint(images[index], columns, rows, style)
            if captioned:
                caption = picture.captions[index] if index < len(picture.captions) else ""
                block.append(line(pad(clip(style.words(caption), columns, style), columns), DIM))
            blocks_of_row.append(block)
        lines += beside(blocks_of_row, gap=1)
    if shown < len(images):
        lines[0] = title_line(picture.title, width, style, f"the first {shown} of {len(images)}")
    return lines


def _arrange(
    shape: tuple[int, ...], width: int, height: int, captioned: bool, style: Style
) -> tuple[int, int, int, int]:
    """Characters per image across and down, images per row, rows: the largest images with which most are seen."""
    count, high, wide = shape[:3]
    stretch = 1.0 if style.paints else 2.0  # a character is about twice as high as wide
    best = (min(width, max(1, wide)), max(1, min(height, high)), 1, 1)
    for across in range(1, count + 1):
        columns = (width + 1) // across - 1
        if columns < 1:
            break
        scale = min(columns / (wide * stretch), 4.0)
        scale = float(int(scale)) if scale >= 1 else scale
        columns = max(1, round(wide * stretch * scale))
        rows = max(1, -(-round(high * scale) // (2 if style.paints else 1)))
        down = height // (rows + captioned)
        if down < 1:
            continue
        seen = min(count, across * down)
        if (seen, columns) > (min(count, best[2] * best[3]), best[0]) and (columns >= _SMALLEST or best[2] == 1):
            best = (columns, rows, across, down)
    columns, rows, across, down = best
    return columns, min(rows, max(1, height - captioned)), across, down


def _paint(image: np.ndarray, columns: int, rows: int, style: Style) -> list[Text]:
    if style.paints:
        pixels = blocks.resize(image, 2 * rows, columns)
        colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
        clean = np.nan_to_num(np.clip(colour, 0.0, 1.0), nan=0.3)
        return blocks.half_blocks(np.rint(clean * 255).astype(np.uint8))
    grey = image if image.ndim == 2 else image @ np.array([0.299, 0.587, 0.114])
    return blocks.shades(np.clip(blocks.resize(grey, rows, columns), 0.0, 1.0), style)
