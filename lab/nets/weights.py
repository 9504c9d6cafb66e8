"""Weights from a safetensors file, checked against the network that wants them. Nothing in the file is executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lab.errors import InvalidValue

PLACE = ("init", "from")


def load_weights(source: Any, shapes: Mapping[str, tuple[int, ...]], folder: Path | None) -> dict[str, np.ndarray]:
    """The arrays named in `shapes` from a safetensors file, relative paths from `folder`. Raises InvalidValue."""
    if not isinstance(source, str) or not source:
        raise InvalidValue(PLACE, f"must be the path of a safetensors file, not {source!r}.")
    path = Path(source) if folder is None else Path(folder) / source
    if not path.is_file():
        raise InvalidValue(PLACE, f"there is no file {path}.")
    from safetensors import SafetensorError, safe_open

    values: dict[str, np.ndarray] = {}
    try:
        with safe_open(str(path), framework="numpy") as archive:
            names = set(archive.keys())
            if missing := [name for name in shapes if name not in names]:
                raise InvalidValue(PLACE, f"{path.name} has no {missing[0]}; it holds {', '.join(sorted(names)[:12])}.")
            for name, shape in shapes.items():
                found = tuple(archive.get_slice(name).get_shape())
                if found != tuple(shape):
                    raise InvalidValue(
                        PLACE, f"{name} in {path.name} has shape {list(found)}, the network needs {list(shape)}."
                    )
                values[name] = np.asarray(archive.get_tensor(name), np.float64)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise InvalidValue(PLACE, f"{path} cannot be read as a safetensors file ({error}).") from None
    if bad := [name for name, value in values.items() if not np.isfinite(value).all()]:
        raise InvalidValue(PLACE, f"{bad[0]} in {path.name} has values that are not finite.")
    return values
