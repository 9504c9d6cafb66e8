"""The one stream that the trainer writes and every viewer reads: live plots, TUI, `--json`, the run store, replay.

The set is closed. `to_json` and `from_json` translate each event to one JSON object and back; numbers that JSON
cannot carry are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lab.outcome import Outcome
from lab.pictures import Picture, picture_from_json, picture_to_json


@dataclass(frozen=True, slots=True)
class Started:
    """A session begins, or another variant takes part. `steps` is the number of steps of each variant; `metrics` the
    names that are watched. `made` says of variants that are not in the scenario from which of it they come, and with
    which overrides: `{"from": "good", "set": {"optimizer.rate": 0.5}}`; a branch has none."""

    event: ClassVar[str] = "started"
    scenario: str
    title: str
    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: dict[str, int]
    metrics: tuple[str, ...]
    device: str = "cpu"
    run: str | None = None  # its name in the run store, if it is kept
    read: tuple[str, ...] = ()  # sentences on what was read of files with data, and what was left out
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    predicts: bool = False  # whether `lab evaluate` and `lab predict` can ask it about other examples
    writes: bool = False  # whether `lab sample` lets it write
    epochs: dict[str, tuple[int, float]] = field(default_factory=dict)  # how many, and the steps of each, where said so


@dataclass(frozen=True, slots=True)
class Compiling:
    """A kernel is about to be compiled; `left` kernels are still to do, this one included (0: all are ready).

    seconds: about how long all of them still take, if that can be told
    """

    event: ClassVar[str] = "compiling"
    kernel: str
    left: int
    seconds: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one replica after `step` steps; `values` by metric name, per layer as `metric.layer`.

    `diverged` is the sentence that says which tensor stopped being finite, once, at the step where it was seen.
    `changed` are the hyperparameters that somebody changed since the last measurement, with their new values.
    `seconds` is when: since its session was started, by a clock that never goes back; of an event that comes from the
    run store, since the run began, without the time between an interruption and its being resumed. Measurements that
    a replica makes on the way, without a stop, have the time at which it handed them over. Equality of two events
    leaves it out.
    """

    event: ClassVar[str] = "measured"
    variant: str
    seed: int
    step: int
    values: dict[str, float]
    diverged: str | None = None
    changed: dict[str, float] = field(default_factory=dict)
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that happened to a replica at a step, as a sentence without variant and step, made from what was
    measured. `detector` is the kind of sentence, `values` are the numbers that it speaks of."""

    event: ClassVar[str] = "noticed"
    variant: str
    seed: int
    step: int
    detector: str
    sentence: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class PictureTaken:
    """A picture of one replica; a newer one with the same variant, seed and title replaces it."""

    event: ClassVar[str] = "picture"
    variant: str
    seed: int
    step: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class Claimed:
    """The verdict on one claim: on which seeds it held, and the evidence, its expression with the numbers put in.
    `changed`: what was set from outside of the variants that it names, value by dotted path; it then speaks of other
    settings than those that were run. `steps`: of those variants that were not run to the scenario's end, or beyond it,
    (steps after which it was judged, steps that the scenario has). `undecided`: it does not hold, but the run was
    interrupted before all of its variants came to their end."""

    event: ClassVar[str] = "claim"
    says: str
    that: str
    held: bool
    seeds: dict[int, bool]
    evidence: dict[int, str]
    changed: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over, by itself or because it was interrupted. `held`: every claim held. `unsaved`: why it was
    not kept, or not to its end, though it was to be; a clause, "" if all of it was."""

    event: ClassVar[str] = "ended"
    interrupted: bool
    held: bool
    claims_held: int
    claims: int
    seconds: float
    outcomes: tuple[Outcome, ...]
    unsaved: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The session could not go on; `message` is the sentence to show."""

    event: ClassVar[str] = "failed"
    message: str


Event = Started | Compiling | Measured | Noticed | PictureTaken | Claimed | Ended | Failed
_KINDS: dict[str, type] = {
    kind.event: kind for kind in (Started, Compiling, Measured, Noticed, PictureTaken, Claimed, Ended, Failed)
}


def number_to_json(value: float) -> float | str:
    """A float as JSON can carry it: itself, or "nan", "inf", "-inf"."""
    return value if math.isfinite(value) else str(float(value))


def to_json(event: Event) -> dict[str, Any]:
    """One event as a JSON object; its kind stands under "event"."""
    content: dict[str, Any] = {"event": event.event}
    for name in (each.name for each in dataclasses.fields(event)):
        value = getattr(event, name)
        if isinstance(event, PictureTaken) and name == "picture":
            value = picture_to_json(value)
        elif name in ("changed", "made", "unsaved", "epochs", "undecided") and not value:
            continue
        elif name in ("values", "changed") and not isinstance(event, Claimed):
            value = {key: number_to_json(each) for key, each in value.items()}
        elif name == "diverged" and value is None:
            continue
        elif isinstance(event, Measured) and name == "seconds":
            value = round(value, 3)
        elif name == "outcomes":
            value = [dataclasses.asdict(outcome) for outcome in value]
        elif name in ("seeds", "evidence") and isinstance(value, dict):
            value = {str(key): each for key, each in value.items()}
        content[name] = value
    return content


def from_json(content: dict[str, Any]) -> Event:
    """The event that `to_json` wrote. Raises ValueError for an unknown kind."""
    fields = dict(content)
    name = fields.pop("event", None)
    kind = _KINDS.get(str(name))
    if kind is None:
        raise ValueError(f"unknown event {name!r}")
    if kind is Measured:
        fields["values"] = {key: float(value) for key, value in fields["values"].items()}
        fields["changed"] = {key: float(value) for key, value in fields.get("changed", {}).items()}
    elif kind is Noticed:
        fields["values"] = {key: float(value) for key, value in fields["values"].items()}
    elif kind is PictureTaken:
        fields["picture"] = picture_from_json(fields["picture"])
    elif kind is Claimed:
        fields["seeds"] = {int(key): bool(value) for key, value in fields["seeds"].items()}
        fields["evidence"] = {int(key): value for key, value in fields["evidence"].items()}
        fields["steps"] = {key: (int(done), int(whole)) for key, (done, whole) in fields.get("steps", {}).items()}
    elif kind is Ended:
        fields["outcomes"] = tuple(Outcome(**outcome) for outcome in fields["outcomes"])
    elif kind is Started:
        for key in ("variants", "seeds", "metrics", "read"):
            fields[key] = tuple(fields.get(key, ()))
        fields["epochs"] = {key: (int(n), float(each)) for key, (n, each) in fields.get("epochs", {}).items()}
    return kind(**fields)
