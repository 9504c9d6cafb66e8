"""From a lesson to its run: the file is checked, the question asked, the run shown, and what came of it remembered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.tui.explore.lessons import Item
from lab.tui.guess.screen import Answer, GuessScreen
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.scenario import Loaded, Try
    from lab.tui.explore.screen import ExploreScreen
    from lab.tui.run.outcome import Outcome


def run_lesson(screen: ExploreScreen, item: Item, ask_again: bool = False, answer: int | None = None) -> None:
    """Run a lesson; its question comes first unless it was answered, skipped or switched off.

    ask_again: ask the question even so
    answer:    the number of a choice, typed where the question stands beside the list, or before it was there: it runs
               with that answer. Nothing happens where there is no such choice, or it was answered or skipped
    """
    app = screen.app
    if answer is not None and app.progress.lesson(item.name).asked:
        return

    def ready(loaded: Loaded) -> None:
        question = loaded.scenario.question
        known = app.progress.lesson(item.name)
        if answer is not None:
            if question is not None and 1 <= answer <= len(question.choices):
                answered(loaded, Answer(question.choices[answer - 1]))
            return
        if question is None or not (ask_again or (app.settings.guess and not known.asked)):
            start(loaded, known.guess)
            return
        app.push_screen(GuessScreen(loaded.scenario.title, question), partial(answered, loaded))

    def answered(loaded: Loaded, given: Answer | None) -> None:
        if given is not None:
            app.progress.answered(item.name, given.choice)
            start(loaded, given.choice)

    def start(loaded: Loaded, guess: str | None) -> None:
        from lab.tui.run.screen import RunScreen

        pace = None if app.progress.lesson(item.name).done else app.pace
        app.push_screen(RunScreen(loaded, guess=guess, tries=True, pace=pace), partial(ended, loaded))

    def ended(loaded: Loaded, outcome: Outcome | None) -> None:
        if outcome is not None and _came_to_its_end(outcome, app.store):
            question = loaded.scenario.question
            app.progress.finished(item.name, outcome.held, question.answer if question else None)
        screen.refresh_states()
        if outcome is not None and outcome.next is not None:
            try_next(screen, item, outcome.next, outcome.run_name)

    _prepare(screen, item, ready)


def try_next(screen: ExploreScreen, item: Item, chosen: Try, before: str | None) -> None:
    """Run a change that a lesson suggests. before: the run against which it is compared, if there is one."""
    app = screen.app

    def ready(loaded: Loaded) -> None:
        from lab.tui.run.screen import RunScreen

        first = loaded.scenario.train.seed
        seeds = range(first, first + chosen.seeds) if chosen.seeds else None
        only = chosen.only or None
        shown = RunScreen(loaded, seeds=seeds, steps=chosen.steps, only=only, before=before, tries=True, pace=app.pace)
        app.push_screen(shown, ended)

    def ended(outcome: Outcome | None) -> None:
        screen.refresh_states()
        if outcome is not None and outcome.next is not None:
            try_next(screen, item, outcome.next, before)

    _prepare(screen, item, ready, chosen.set)


def show_kernels(screen: ExploreScreen, item: Item) -> None:
    """The kernels that a lesson runs."""

    def ready(loaded: Loaded) -> None:
        from lab.tui.kernels.screen import KernelsScreen

        screen.app.push_screen(KernelsScreen(loaded))

    _prepare(screen, item, ready)


def _came_to_its_end(outcome: Outcome, store: Any) -> bool:
    """Whether the run was finished; of one that claims nothing only the store knows."""
    if outcome.held is not None:
        return True
    if outcome.run_name is None:
        return False
    try:
        return bool(store.info(outcome.run_name).state == "finished")
    except LabError:
        return False


def _prepare(screen: ExploreScreen, item: Item, ready: Any, overrides: Mapping[str, Any] | None = None) -> None:
    """Load and check a lesson, and import what runs it, beside the screen; then `ready(loaded)` on the screen."""
    app = screen.app

    def work() -> None:
        try:
            from lab.scenario import load
            from lab.tasks import check

            loaded = load(item.path, overrides)
            check(loaded)
            import lab.tui.run.screen  # noqa: F401 - it takes longer than a key may
        except LabError as error:
            tell(screen, app.tell, str(error))
            return
        tell(screen, ready, loaded)

    screen.run_worker(work, thread=True, exclusive=True, group="preparing")
