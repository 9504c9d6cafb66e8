"""From a lesson to its run: the file is checked, the question asked, the run shown, and what came of it remembered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.tui.explore.lessons import Item
from lab.tui.guess.screen import Answer, GuessScreen
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.tui.explore.screen import ExploreScreen
    from lab.tui.run.outcome import Outcome


def run_lesson(screen: ExploreScreen, item: Item, ask_again: bool = False) -> None:
    """Run a lesson; its question comes first unless it was answered, skipped or switched off.

    ask_again: ask the question even so
    """
    app = screen.app

    def ready(loaded: Loaded) -> None:
        question = loaded.scenario.question
        known = app.progress.lesson(item.name)
        if question is None or not (ask_again or (app.settings.guess and _not_asked(known))):
            start(loaded, known.guess)
            return
        app.push_screen(GuessScreen(loaded.scenario.title, question), partial(answered, loaded))

    def answered(loaded: Loaded, answer: Answer | None) -> None:
        if answer is not None:
            app.progress.answered(item.name, answer.choice)
            start(loaded, answer.choice)

    def start(loaded: Loaded, guess: str | None) -> None:
        from lab.tui.run.screen import RunScreen

        app.push_screen(RunScreen(loaded, guess=guess), partial(ended, loaded))

    def ended(loaded: Loaded, outcome: Outcome | None) -> None:
        if outcome is not None and _came_to_its_end(outcome, app.store):
            question = loaded.scenario.question
            app.progress.finished(item.name, outcome.held, question.answer if question else None)
        screen.refresh_states()

    _prepare(screen, item, ready)


def show_kernels(screen: ExploreScreen, item: Item) -> None:
    """The kernels that a lesson runs."""

    def ready(loaded: Loaded) -> None:
        from lab.tui.kernels.screen import KernelsScreen

        screen.app.push_screen(KernelsScreen(loaded))

    _prepare(screen, item, ready)


def _not_asked(known: Any) -> bool:
    return not known.done and not known.skipped and known.guess is None


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


def _prepare(screen: ExploreScreen, item: Item, ready: Any) -> None:
    """Load and check a lesson, and import what runs it, beside the screen; then `ready(loaded)` on the screen."""
    app = screen.app

    def work() -> None:
        try:
            from lab.scenario import load
            from lab.tasks import check

            loaded = load(item.path)
            check(loaded)
            import lab.tui.run.screen  # noqa: F401 - it takes longer than a key may
        except LabError as error:
            tell(screen, app.tell, str(error))
            return
        tell(screen, ready, loaded)

    screen.run_worker(work, thread=True, exclusive=True, group="preparing")
