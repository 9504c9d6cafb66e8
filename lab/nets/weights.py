"""Weights from a safetensors file or a kept run, checked against the network that wants them. Nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lab.errors import InvalidValue
from lab.home import home_folder

PLACE = ("init", "from")
Shapes = Mapping[str, tuple[int, ...]]


def load_weights(source: Any, shapes: Shapes, folder: Path | None, head: str = "") -> dict[str, np.ndarray]:
    """The arrays named in `shapes` from a safetensors file, relative paths from `folder`, or from a kept run.

    head: the layer that may have another shape than in the file: then it is left out. Raises InvalidValue
    """
    if not isinstance(source, str) or not source:
        raise InvalidValue(PLACE, f"must be the path of a safetensors file, or a run, not {source!r}.")
    path = Path(source) if folder is None else Path(folder) / source
    if not path.is_file():
        path = _of_run(source, path)
    from safetensors import SafetensorError, safe_open

    values: dict[str, np.ndarray] = {}
    try:
        with safe_open(str(path), framework="numpy") as archive:
            names = set(archive.keys())
            if missing := [name for name in shapes if name not in names]:
                raise InvalidValue(PLACE, f"{path.name} has no {missing[0]}; it holds {', '.join(sorted(names)[:12])}.")
            there = {name: tuple(archive.get_slice(name).get_shape()) for name in shapes}
            differing = [name for name, shape in shapes.items() if there[name] != tuple(shape)]
            for name in differing:
                if name.rpartition(".")[0] != head:
                    message = (
                        f"{name} in {path.name} has shape {list(there[name])}, the network needs {list(shapes[name])}."
                    )
                    raise InvalidValue(PLACE, message)
            for name in shapes:
                if not differing or name.rpartition(".")[0] != head:
                    values[name] = np.asarray(archive.get_tensor(name), np.float64)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise InvalidValue(PLACE, f"{path} cannot be read as a safetensors file ({error}).") from None
    if bad := [name for name, value in values.items() if not np.isfinite(value).all()]:
        raise InvalidValue(PLACE, f"{bad[0]} in {path.name} has values that are not finite.")
    return values


def _of_run(source: str, path: Path) -> Path:
    """The file of weights of a kept run: `run`, `run/variant` or `run/variant/seed`. Raises InvalidValue."""
    run, _, rest = source.partition("/")
    variant, _, seed = rest.partition("/")
    folder = home_folder() / "runs" / run / "weights"
    if run in ("", ".", "..") or not folder.is_dir():
        raise InvalidValue(PLACE, f"there is no file {path}, and no run {run!r} with final weights.")
    found = [
        each
        for each in sorted(folder.glob("*.safetensors"))
        if (not variant or each.stem.partition("-")[2].rpartition("-seed")[0] == variant)
        and (not seed or each.stem.rpartition("-seed")[2] == seed)
    ]
    if len(found) != 1:
        held = ", ".join(each.stem.partition("-")[2].replace("-seed", "/") for each in sorted(folder.glob("*")))
        what = "no such network" if not found else f"{len(found)} networks"
        raise InvalidValue(PLACE, f"{run} has {what}: write {run}/VARIANT/SEED, of {held}.")
    return found[0]
