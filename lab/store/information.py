"""What the store knows about one run, in one record."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.outcome import Outcome
from lab.store.process import Process, is_alive
from lab.store.sources import Source, sources_from_text

SETTINGS = "settings"
"""The option of a sweep that has the settings of each trial: variant name to path to value."""
STATES = ("running", "finished", "interrupted", "diverged", "failed")
"""`interrupted` also stands for a run whose process was killed."""

COLUMNS = (
    "name, slug, path, title, text, overrides, options, variants, seeds, steps, metrics, device, versions, created, "
    "ended, state, problem, machine, pid, process_started, seen, elapsed, measured, ending, "
    "sources, origin, tags, note"
)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run, without what it measured.

    name:      e.g. `dead-relu-3`
    slug:      the scenario's; `path` its file, `text` the YAML as it was
    overrides: dotted path to value, as given by `--set`
    options:   what else the session was asked for
    steps:     by variant
    sources:   the files that it read beside the scenario's; empty for runs of version 0.1.0
    versions:  of lab, python, numpy and numba
    created:   seconds since 1970, like `ended` (None: not ended, or killed)
    state:     one of `STATES`; `killed`: it is interrupted because its process is gone
    seconds:   time it ran, until the last that was saved
    measured:  number of measured events
    origin:    the finished run from whose record this one goes on, changed; "" if it was begun anew
    problem:   why saving stopped before the run did, "" if it did not
    tags:      words that somebody has given it, in alphabetical order;  note: what somebody has written about it
    reached:   the step at which each replica stands, by variant and seed, of a run that has not finished
    outcomes, claims_held, claims: as in the event `ended`; empty and 0 before that
    """

    name: str
    slug: str
    path: str | None
    title: str
    text: str
    overrides: dict[str, Any]
    options: dict[str, Any]
    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: dict[str, int]
    metrics: tuple[str, ...]
    device: str
    versions: dict[str, str]
    created: float
    ended: float | None
    state: str
    killed: bool
    seconds: float
    measured: int
    problem: str
    outcomes: tuple[Outcome, ...]
    claims_held: int
    claims: int
    sources: tuple[Source, ...] = ()
    origin: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    reached: dict[str, dict[int, int]] = field(default_factory=dict)

    @property
    def is_sweep(self) -> bool:
        """Whether it is a search for settings, whose variants are its trials."""
        return "sweep" in self.options

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """The settings of each trial of a sweep, by variant and path; empty for other runs and sweeps before 0.2."""
        return self.options.get(SETTINGS, {}) if self.is_sweep else {}

    @property
    def shown_state(self) -> str:
        """The state in words for people; a run that was killed goes on like one that was interrupted."""
        return self.state

    @property
    def shown_steps(self) -> str:
        """How many steps it has done, in words for people: of a run that has not finished also up to where it came."""
        whole = f"{max(self.steps.values()):,}" if self.steps else ""
        if self.state == "finished" or not self.steps:
            return whole
        reached = [self.reached.get(variant, {}).get(seed, 0) for variant in self.variants for seed in self.seeds]
        least, most = (min(reached), max(reached)) if reached else (0, 0)
        return f"{f'{least:,} to ' if least < most else ''}{most:,} of {whole}"

    @property
    def changes(self) -> list[str]:
        """A sentence for each file with other contents than at the beginning, with which the run went on."""
        return [f"{self.name}: {each.path} had changed when it went on." for each in self.sources if each.before]

    @property
    def cut_off(self) -> bool:
        """Whether it stopped without saying so, killed or because nothing could be saved any more: what it measured may
        then reach further than the state that it goes on from, and is read up to that."""
        return (self.killed or bool(self.problem)) and self.state == "interrupted" and not self.is_sweep

    @property
    def resumable(self) -> bool:
        """Whether it stopped before its end and could be taken up again."""
        return self.state == "interrupted"


def from_row(row: tuple[Any, ...]) -> RunInfo:
    """The record of one row of `COLUMNS`; looks whether the process of a running one still lives."""
    values: dict[str, Any] = dict(zip(COLUMNS.split(", "), row, strict=True))
    process = Process(values.pop("machine"), values.pop("pid"), values.pop("process_started"))
    seen, elapsed = values.pop("seen"), values.pop("elapsed")
    ending = json.loads(values.pop("ending") or "{}")
    for name in ("overrides", "options", "variants", "seeds", "steps", "metrics", "versions", "tags"):
        values[name] = json.loads(values[name])
    for name in ("variants", "seeds", "metrics", "tags"):
        values[name] = tuple(values[name])
    values["sources"] = sources_from_text(values["sources"])
    values["killed"] = values["state"] == "running" and not is_alive(process, seen)
    if values["killed"]:
        values["state"] = "interrupted"
    return RunInfo(
        **values,
        seconds=elapsed / 1000,
        outcomes=tuple(Outcome(**outcome) for outcome in ending.get("outcomes", ())),
        claims_held=ending.get("claims_held", 0),
        claims=ending.get("claims", 0),
    )


def run_number(connection: sqlite3.Connection, name: str) -> int | None:
    """The database's number of the run `name`; None if there is none."""
    row = connection.execute("SELECT id FROM runs WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def to_json(info: RunInfo) -> dict[str, Any]:
    """The record as one JSON object, without the scenario's text."""
    import dataclasses

    content: Mapping[str, Any] = dataclasses.asdict(info)
    return {name: value for name, value in content.items() if name != "text"}
