"""The lab from Python, as in a notebook: `lab.load`, `lab.run`.

>>> import lab
>>> result = lab.run("dead-relu", steps=200, seeds=[0, 1])
>>> steps, loss = result.curve("good", "loss", seed=0)
>>> [claim.held for claim in result.claims]
[True, True, True]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.errors import BadInput, nearest
from lab.events import Claimed
from lab.graph.devices import choose
from lab.outcome import Outcome
from lab.scenario import Loaded
from lab.scenario import load as load_scenario
from lab.scenario.model import LARGEST_SEED
from lab.session import History, Session
from lab.tasks import check, meanings

if TYPE_CHECKING:
    from lab.evaluation import Predictions, TrainedModel
    from lab.metrics.meaning import Meaning


@dataclass(frozen=True, repr=False)
class Result:
    """What a run measured.

    variants, seeds: what was run, by name and number
    history:         every curve, in bounded memory; `curve` and `curves` are the short ways to it
    claims:          the verdict on each claim: `says`, `held`, on which `seeds` it held, and the `evidence` on each
    weights:         copies of the parameters at the end, in the shapes of the network's layers:
                     `weights["good"][0]["dense1.weight"]` is [in, out]
    outcomes:        how each replica ended: its `steps`, its `state` (finished, diverged or interrupted), the `seconds`
                     it was worked on, and the sentence that says why it diverged
    meanings:        what each metric of the task means, and its unit: by name: `.sentence`, `.unit`
    """

    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    history: History
    claims: tuple[Claimed, ...]
    weights: dict[str, dict[int, dict[str, np.ndarray]]]
    outcomes: tuple[Outcome, ...]
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    _beside: Mapping[tuple[str, int], dict[str, Any]] = field(default_factory=dict, repr=False)

    def model(self, variant: str | None = None, seed: int | None = None) -> TrainedModel:
        """The trained network of a variant and a seed, which predicts; the first of each if none is named."""
        from lab.evaluation import TrainedModel

        chosen = self.variants[0] if variant is None else variant, self.seeds[0] if seed is None else seed
        if chosen[0] not in self.variants:
            raise BadInput(f"There is no variant {chosen[0]!r}; {nearest(chosen[0], self.variants)}.")
        if chosen[1] not in self.seeds:
            raise BadInput(f"There is no seed {chosen[1]}; {nearest(str(chosen[1]), map(str, self.seeds))}.")
        if chosen not in self._beside:
            raise BadInput("This task trains nothing that predicts: classify, regress, label and segment do.")
        return TrainedModel(f"{chosen[0]}, seed {chosen[1]}", self._beside[chosen], self.weights[chosen[0]][chosen[1]])

    def predict(self, examples: Any, variant: str | None = None, seed: int | None = None) -> Predictions:
        """Predictions for a frame of pandas or polars, for columns by name, or for an array in the data's own units.

        `answers` are the classes by name, or the values; `probabilities` are float64 [n, classes].
        """
        return self.model(variant, seed).predict(examples)

    def curve(self, variant: str, metric: str, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(steps, values) of a metric; of the first seed if none is named. Raises BadInput if it was not measured."""
        try:
            return self.history.curve(variant, self.seeds[0] if seed is None else seed, metric)
        except KeyError:
            known = self.history.metrics(variant)
            if seed is not None and known and seed not in self.seeds:
                raise BadInput(f"There is no seed {seed}; {nearest(str(seed), map(str, self.seeds))}.") from None
            if not known:
                raise BadInput(f"There is no variant {variant!r}; {nearest(variant, self.variants)}.") from None
            raise BadInput(f"{variant} has no curve of {metric!r}; {nearest(metric, known)}.") from None

    def __repr__(self) -> str:
        """In a line each: what was run, how it ended, and the last loss of each variant, or what is measured first."""
        states = [each.state for each in self.outcomes]
        ended = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        variants, seeds = len(self.variants), len(self.seeds)
        told = [f"<Result: {variants} variant{'s' * (variants != 1)} × {seeds} seed{'s' * (seeds != 1)}, {ended}"]
        if self.claims:
            told.append(f"{sum(each.held for each in self.claims)} of {len(self.claims)} claims held")
        for variant in self.variants:
            metrics = self.history.metrics(variant)
            metric = "loss" if "loss" in metrics else next(iter(metrics), None)
            if metric is not None:
                last = [self.history.curve(variant, seed, metric)[1][-1:] for seed in self.seeds]
                told.append(f"{variant}: {metric} {float(np.mean(np.concatenate(last))):.4g}")
        return "\n  ".join(told) + ">"

    def _repr_html_(self) -> str:
        """In a notebook: a table with a small plot for each variant and metric, and the claims."""
        from lab.notebook import html

        return html(self)

    def to_frame(self) -> Any:
        """All measurements as a data frame of pandas, or of polars if that is installed: a row for each variant,
        seed and step, a column for each metric. Raises BadInput if there is neither."""
        rows: dict[tuple[str, int, int], dict[str, Any]] = {}
        names: dict[str, None] = {}
        for variant, seed, metric in self.history:
            names[metric] = None
            steps, values = self.history.curve(variant, seed, metric)
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                key = (variant, seed, step)
                rows.setdefault(key, {"variant": variant, "seed": seed, "step": step})[metric] = value
        order = {variant: place for place, variant in enumerate(self.variants)}
        chosen = [rows[key] for key in sorted(rows, key=lambda key: (order[key[0]], key[1], key[2]))]
        columns = {name: [row.get(name) for row in chosen] for name in ("variant", "seed", "step", *names)}
        for library in ("pandas", "polars"):
            try:
                return import_module(library).DataFrame(columns)
            except ImportError:
                continue
        raise BadInput("A data frame needs pandas or polars: install one of them with `pip install pandas`.")

    @property
    def curves(self) -> dict[str, dict[int, dict[str, tuple[np.ndarray, np.ndarray]]]]:
        """Every curve: `curves[variant][seed][metric]` is (steps, values)."""
        found: dict[str, dict[int, dict[str, tuple[np.ndarray, np.ndarray]]]] = {}
        for variant, seed, metric in self.history:
            found.setdefault(variant, {}).setdefault(seed, {})[metric] = self.history.curve(variant, seed, metric)
        return found


def _seeds(seeds: Any, first: int) -> tuple[int, ...] | None:
    """The seeds that are meant: a number of them, or which; Python's whole numbers or NumPy's. Raises BadInput."""
    if seeds is None:
        return None
    array = np.asarray(seeds)
    if array.size == 0:
        raise BadInput("seeds is empty: give a number of seeds, or which.")
    if array.ndim > 1 or array.dtype.kind not in "iu":
        raise BadInput(f"seeds must be a whole number or a list of whole numbers, not {seeds!r}.")
    if array.ndim == 0:
        if array < 1:
            raise BadInput(f"seeds must be at least 1, or a list of seeds, not {seeds!r}.")
        return tuple(range(first, first + int(array)))
    if array.min() < 0 or array.max() > LARGEST_SEED:
        raise BadInput(
            f"seeds are from 0 to {LARGEST_SEED}, not {int(array.min() if array.min() < 0 else array.max())}."
        )
    return tuple(dict.fromkeys(array.tolist()))


def load(source: str | Path, overrides: Mapping[str, Any] | None = None, *, data: Any = None) -> Loaded:
    """Read and check a scenario: a built-in name or a path. Raises BadInput with the place of what is wrong.

    data: a frame of pandas or polars, or columns by name, in place of the file that the scenario's data block names
    """
    loaded = load_scenario(source, overrides, origin="overrides")
    if data is not None:
        from lab.data.tables.frames import kept

        key = next((each for each in ("csv", "table") if each in (loaded.scenario.data or {})), None)
        if key is None:
            raise BadInput("a frame takes the place of a file: the scenario's data must be {table: FILE, target: …}.")
        loaded = load_scenario(source, {**(overrides or {}), f"data.{key}": kept(data)}, origin="overrides")
    check(loaded)
    return loaded


def run(
    scenario: str | Path | Loaded,
    *,
    device: str = "cpu",
    seeds: int | Sequence[int] | np.ndarray | None = None,
    steps: int | None = None,
    variants: Iterable[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    data: Any = None,
) -> Result:
    """Train all variants (or some) of a scenario and judge its claims; nothing is kept in the run store.

    device:    "cpu", "cuda" (all GPUs), "cuda:1", or "auto" (GPUs if there are any)
    seeds:     how many, counted from the scenario's own, or which
    steps:     instead of the scenario's
    overrides: values by dotted path, `{"optimizer.rate": 0.5}`
    data:      a frame of pandas or polars, or columns by name, in place of the file that the data block names
    An interrupt from the keyboard ends the run cleanly and is raised after that.
    """
    where = choose(device)
    if steps is not None and steps < 1:
        raise BadInput(f"steps must be at least 1, not {steps}.")
    if isinstance(scenario, Loaded):
        if overrides:
            raise BadInput("overrides are given when a scenario is loaded: lab.load(source, overrides).")
        if data is not None:
            raise BadInput("a frame is given when a scenario is loaded: lab.load(source, data=frame).")
        loaded = scenario
        check(loaded)
    else:
        loaded = load(scenario, overrides, data=data)
    first = loaded.scenario.train.seed
    chosen = _seeds(seeds, first)
    # A result has curves and weights; nobody would see pictures.
    session = Session(loaded, seeds=chosen, steps=steps, variants=variants, device=where, pictures=False)
    session.start(let_go=True)
    try:
        session.wait()
    except KeyboardInterrupt:
        session.stop()
        session.wait()
        raise
    ended = session.ended
    assert ended is not None
    names = tuple(each.name for each in session.variants)
    return Result(
        names,
        session.seeds,
        session.history,
        tuple(session.verdicts),
        session.weights(),
        ended.outcomes,
        meanings(loaded),
        session.kept_to_predict(),
    )
