"""A lesson as it is, but with more seeds, other steps, other settings, or the weights of an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput
from lab.tui.build.form import Blank, SettingsForm
from lab.tui.build.pick import PickScreen
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.tui.explore.lessons import Item
    from lab.tui.explore.screen import ExploreScreen
    from lab.tui.run.outcome import Outcome

SEEDS = "More seeds, other steps or settings"
WEIGHTS = "The weights of an earlier run"


def run_with(screen: ExploreScreen, item: Item) -> None:
    """Ask what is to be different, and run."""

    def picked(name: str | None) -> None:
        if name == SEEDS:
            _ask(screen, item, {})
        elif name == WEIGHTS:
            from lab.tui.build.weights import choose_weights

            choose_weights(screen, lambda path: _ask(screen, item, {"init": {"from": str(path)}}))

    rows = [
        (SEEDS, "Each seed draws other first weights and another order of the examples; curves show mean and spread."),
        (WEIGHTS, "Every variant begins with what an earlier run has learned; the layers must be the same."),
    ]
    screen.app.push_screen(PickScreen(item.title, rows), picked)


def _ask(screen: ExploreScreen, item: Item, overrides: dict[str, Any]) -> None:
    def loaded_with(values: dict[str, Any]) -> tuple[Loaded, tuple[int, ...], int | None]:
        from lab.scenario import load, parse_settings
        from lab.scenario.seeds import parse_seeds

        texts = [each.strip() for each in str(values.get("settings", "")).split(";") if each.strip()]
        loaded = load(item.path, {**overrides, **parse_settings(texts, "settings")}, "settings")
        seeds = parse_seeds(
            str(values["seeds"]) if "seeds" in values else None, loaded.scenario.train.seed, option="seeds"
        )
        if len(seeds) * len(loaded.variants) > MOST_REPLICAS:
            raise BadInput(f"seeds: {len(seeds):,} seeds of {len(loaded.variants)} variants are too many for a screen.")
        return loaded, seeds, steps_of(values.get("steps"))

    def look(values: dict[str, Any]) -> str:
        from lab.tasks import check

        loaded, seeds, steps = loaded_with(values)
        check(loaded)
        each = f"{steps:,} steps" if steps else loaded.scenario.train.length
        return f"{len(loaded.variants)} variants × {len(seeds)} seeds, {each} each."

    def filled(values: dict[str, Any] | None) -> None:
        if values is not None:
            screen.run_worker(lambda: prepare(values), thread=True, exclusive=True, group="preparing")

    def prepare(values: dict[str, Any]) -> None:
        try:
            made = loaded_with(values)
            import lab.tui.run.screen  # noqa: F401 - it takes longer than a key may
        except BadInput as error:
            tell(screen, screen.app.tell, str(error))
            return
        tell(screen, start, *made)

    def start(loaded: Loaded, seeds: tuple[int, ...], steps: int | None) -> None:
        from lab.tui.run.screen import RunScreen

        def left(outcome: Outcome | None) -> None:
            screen.refresh_states()

        screen.app.push_screen(RunScreen(loaded, seeds=seeds, steps=steps), left)

    blanks = [
        Blank("seeds", "3", "1", "How many (3), or which (0:10): 0 up to but not including 10.", text=True),
        Blank("steps", "", "as in the lesson", "How many training steps, instead of the lesson's.", text=True),
        Blank("settings", "", "as in the lesson", "Such as optimizer.rate=0.5; data.noise=0", text=True),
    ]
    note = f"Begins with the weights in {Path(overrides['init']['from']).name}." if overrides else ""
    screen.app.push_screen(SettingsForm(f"{item.title}, with…", note, blanks, look), filled)


MOST_REPLICAS = 500
"""Networks side by side on one screen."""


def steps_of(text: object) -> int | None:
    if text is None:
        return None
    try:
        steps = int(str(text).replace(",", ""))
    except ValueError:
        raise BadInput(f"steps: {text!r} is not a whole number.") from None
    if not 1 <= steps <= 10**9:
        raise BadInput(f"steps: {steps:,} is not allowed here: it must be from 1 to a billion.")
    return steps
