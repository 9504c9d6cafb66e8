"""A run as it is on the screen, to take away: a scenario, the options of `lab run`, and what neither can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.scenario.command_line import options_of
from lab.scenario.model import ONLY_VARIANT
from lab.terminal.numbers import count
from lab.tui.copying import as_yaml, command_line

if TYPE_CHECKING:
    from lab.events import Started
    from lab.scenario import Loaded


@dataclass(frozen=True, slots=True)
class Configuration:
    """A run as it is on the screen.

    loaded:   the scenario, with the variants that were added
    seeds, steps: as in `lab run`; steps None: the scenario's own
    shown:    the variants that were run
    changes:  how many settings were changed while it ran, of variants of the scenario
    """

    loaded: Loaded
    seeds: tuple[int, ...]
    steps: int | None
    shown: tuple[str, ...]
    changes: int = 0

    @property
    def line(self) -> str:
        """The `lab run` line."""
        return command_line(self.loaded, seeds=self.seeds, steps=self.steps, variants=self._some)

    @property
    def yaml(self) -> str:
        """The scenario file."""
        return as_yaml(self.loaded)

    @property
    def beyond_line(self) -> str:
        """What the line does not repeat, as a sentence; empty if it repeats everything."""
        return self._sentence([])

    @property
    def beyond_yaml(self) -> str:
        """What the file does not say, as a sentence; empty if it says everything."""
        words = options_of(self.loaded.scenario.train.own_seeds, self.seeds, self.steps, self._some)
        return self._sentence([f"the options {' '.join(words)}"] if words else [])

    @property
    def _known(self) -> list[str]:
        return [each.name for each in self.loaded.variants]

    @property
    def _some(self) -> list[str] | None:
        """The variants to be named, if not all were run."""
        some = [each for each in self.shown if each in self._known]
        return None if len(some) == len(self._known) else some

    def _sentence(self, parts: list[str]) -> str:
        if branches := [each for each in self.shown if each not in self._known]:
            noun = "branch" if len(branches) == 1 else "branches"
            parts.append(f"the {noun} {', '.join(branches)}")
        if self.changes:
            parts.append(f"{count(self.changes, 'change')} of settings while it ran")
        if self.seeds and len(self.seeds) != max(self.seeds) - min(self.seeds) + 1:
            parts.append("which seeds of this range were left out")
        if not parts:
            return ""
        told = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
        return f"Not in it: {told}."


def with_variants(loaded: Loaded, added: Mapping[str, Mapping[str, Any]]) -> Loaded:
    """A scenario with further variants: differences by dotted path, by name."""
    if not added:
        return loaded
    alone: dict[str, Any] = {} if loaded.scenario.variants else {ONLY_VARIANT: {}}
    variants = {**alone, **loaded.scenario.variants, **{name: dict(each) for name, each in added.items()}}
    others = {path: each for path, each in loaded.overrides.items() if path.partition(".")[0] != "variants"}
    from lab.scenario.loading import load_text

    return load_text(loaded.text, loaded.path, {**others, "variants": variants})


def started_steps(started: Started, loaded: Loaded) -> int | None:
    """The `--steps` with which a run was begun; None if each variant had its own length."""
    own = {each.name: each.scenario.train.steps for each in loaded.variants}
    asked = {n for name, n in started.steps.items() if name not in started.epochs and own.get(name) != n}
    return asked.pop() if len(asked) == 1 else None


def unique(changes: Sequence[tuple[str, int, str]], known: Sequence[str]) -> int:
    """How many changes there were of the known variants, whatever the number of seeds: (variant, step, setting)."""
    return len({each for each in changes if each[0] in known})
