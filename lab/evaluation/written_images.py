"""A PNG file for each image of a folder: how they are called, and how they are written."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab.errors import BadInput
from lab.store.files import write_atomically


def png_names(places: Iterable[Any]) -> list[Path]:
    """The name of a file for each place of an image. Raises BadInput if two would be called alike."""
    names = [Path(str(place)).with_suffix(".png") for place in places]
    twice = next((str(name) for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"two images would both become {twice}: give them names that differ before their endings.")
    return names


def write_png(image: Any, path: Path) -> None:
    """Write an image of Pillow's, with the folders that it needs. Raises BadInput if that cannot be done."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, stream.getvalue())
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}.") from None
