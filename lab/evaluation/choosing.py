"""Which network is meant: that of a run, a variant and a seed, or of a file of weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lab.errors import BadInput, nearest
from lab.evaluation.trained import TrainedModel, about_of
from lab.home import with_home
from lab.store import RunInfo, Store
from lab.store.files import load_arrays, load_metadata

if TYPE_CHECKING:
    from lab.evaluation.language import LanguageModel

CRITERIA = (("val_mean_average_precision", True), ("val_loss", False), ("val_accuracy", True), ("loss", False))
"""What networks of a run are compared by, the first that was measured, and whether more is better."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """A network, and which one it is.

    told: how it was chosen if there were several, "" if there was one
    info: its run; None of a file of weights
    """

    model: TrainedModel
    told: str = ""
    info: RunInfo | None = None
    variant: str = ""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Kept:
    """The weights of a network and what was kept beside them; else as in `Chosen`."""

    name: str
    metadata: Mapping[str, str] | None
    weights: Mapping[str, np.ndarray]
    told: str = ""
    info: RunInfo | None = None
    variant: str = ""
    seed: int = 0


def model_of(store: Store, wanted: str, variant: str | None = None, seed: int | None = None) -> Chosen:
    """The network that is meant.

    wanted: a run, or the path of an exported safetensors file. Raises BadInput.
    """
    kept = _kept(store, wanted, variant, seed)
    model = TrainedModel.of_metadata(kept.name, kept.metadata, kept.weights)
    return Chosen(model, kept.told, kept.info, kept.variant, kept.seed)


def language_model_of(
    store: Store, wanted: str, variant: str | None = None, seed: int | None = None
) -> tuple[LanguageModel, str]:
    """The language model that is meant, and how it was chosen if there were several. Raises BadInput."""
    from lab.evaluation.language import LanguageModel

    kept = _kept(store, wanted, variant, seed)
    return LanguageModel.of_metadata(kept.name, kept.metadata, kept.weights), kept.told


def _kept(store: Store, wanted: str, variant: str | None, seed: int | None) -> _Kept:
    if wanted.endswith(".safetensors"):
        if variant is not None or seed is not None:
            raise BadInput("--variant and --seed choose of a run; a file of weights holds one network.")
        return _of_file(with_home(wanted))
    info = store.find(wanted)
    every = store.with_weights(info.name)
    if not every:
        raise BadInput(f"{info.name} has no final weights: it did not come to its end.")
    keys = _matching(info, every, variant, seed)
    chosen, told = (keys[0], "") if len(keys) == 1 else _best(store, info, keys)
    name = info.name if len(every) == 1 else f"{info.name}, {chosen[0]}, seed {chosen[1]}"
    metadata, weights = store.weights_metadata(info.name, *chosen), store.weights_of(info.name, *chosen)
    return _Kept(name, metadata, weights, told, info, *chosen)


def _of_file(path: Path) -> _Kept:
    try:
        return _Kept(path.name, load_metadata(path), load_arrays(path))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise BadInput(f"{error}.") from None


def _matching(
    info: RunInfo, keys: list[tuple[str, int]], variant: str | None, seed: int | None
) -> list[tuple[str, int]]:
    if variant is not None and variant not in {name for name, _ in keys}:
        raise BadInput(f"{info.name} has no variant {variant!r}: {nearest(variant, [name for name, _ in keys])}.")
    found = [each for each in keys if variant in (None, each[0]) and seed in (None, each[1])]
    if not found:
        raise BadInput(f"{info.name} has no seed {seed}: {nearest(str(seed), [str(each) for _, each in keys])}.")
    return found


def _step_of_weights(store: Store, info: RunInfo, variant: str, seed: int) -> int | None:
    """After how many steps a network had the weights that are kept of it: not its last with `keep: best`. None where
    that is not known."""
    about = about_of(info.name, store.weights_metadata(info.name, variant, seed)) or {}
    return about.get("step")


def _measured_at(step: int | None, steps: np.ndarray, values: np.ndarray) -> float:
    """What was measured at a step, or else last."""
    there = [] if step is None else np.flatnonzero(steps == step).tolist()
    return float(values[there[-1] if there else -1])


def _best(store: Store, info: RunInfo, keys: list[tuple[str, int]]) -> tuple[tuple[str, int], str]:
    """The best of several, by what was measured of the weights that are kept of each."""
    curves = store.curves(info.name)
    steps = {key: _step_of_weights(store, info, *key) for key in keys}
    for metric, more in CRITERIA:
        last = {key: _measured_at(steps[key], *curves[key][metric]) for key in keys if metric in curves.get(key, {})}
        last = {key: value for key, value in last.items() if np.isfinite(value)}
        if len(last) < len(keys) and not (last and metric == CRITERIA[-1][0]):
            continue
        chosen = (max if more else min)(last, key=last.__getitem__)
        word = "highest" if more else "lowest"
        told = (
            f"Of {len(keys)} networks, {chosen[0]} with seed {chosen[1]} is used, whose {metric} is the {word} "
            f"({last[chosen]:.4g}); --variant and --seed choose another."
        )
        return chosen, told
    names = ", ".join(dict.fromkeys(name for name, _ in keys))
    raise BadInput(f"{info.name} has {len(keys)} networks: choose one with --variant ({names}) and --seed.")
