"""Why the variant that is looked at does not learn, as `lab diagnose` finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.binding import BindingType

from lab.errors import LabError
from lab.tui import keys
from lab.tui.help import Entry
from lab.tui.text_screen import TextScreen
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.diagnosis import Diagnosis, Progress
    from lab.scenario import Loaded


class DiagnosisScreen(TextScreen):
    """Tries one change after the other, and says what mends it; leaving it ends that.

    loaded: the scenario;  variant: which of its variants;  steps: instead of the scenario's
    """

    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("diagnosis"))
    CSS = "DiagnosisScreen #text { width: 1fr; }"

    def __init__(self, loaded: Loaded, variant: str, steps: int | None) -> None:
        super().__init__()
        self._loaded, self._variant, self._steps = loaded, variant, steps
        self._found: Diagnosis | None = None
        self._left = False

    def on_mount(self) -> None:
        super().on_mount()
        self.headline("Diagnosis", f"why does {self._variant} not learn?")
        self.wait_for("training it as it is, and looking at it")
        self._diagnose()

    def action_back(self) -> None:
        self._left = True
        self.dismiss(None)

    @work(thread=True, exclusive=True, group="diagnosing")
    def _diagnose(self) -> None:
        from lab.diagnosis import diagnose

        try:
            found = diagnose(self._loaded, self._variant, None, self._steps, progress=self._told)
        except LabError as error:
            tell(self, self.show_text, str(error))
            return
        tell(self, self._take, found)

    def _told(self, progress: Progress) -> bool:
        if not self._left:
            tell(self, self._show, progress)
        return not self._left

    def _show(self, progress: Progress) -> None:
        from lab.terminal.numbers import duration

        left = f", about {duration(progress.left)} left of this" if progress.left is not None else ""
        self.wait_for(f"{progress.doing}: {progress.done} of {progress.total} trainings{left}")

    def _take(self, found: Diagnosis) -> None:
        self._found = found
        self.arrived()

    def lay_out(self) -> None:
        if self._found is None:
            return
        from lab.cli.diagnosis import FOR_NEW, HELPS, TRIED, UNUSUAL, WRONG, lines

        text = Text("\n".join(lines(self._found, min(self.room, 100))))
        text.highlight_regex(rf"(?m)^({WRONG}|{UNUSUAL}|{TRIED}|{FOR_NEW})", "bold")
        text.highlight_regex(rf"(?m)^  {HELPS}\b", "bold green")
        self.show_text(text)

    def help_entries(self) -> list[Entry]:
        return [
            (
                "left",
                "Of the loss of who guesses, knowing how often each answer is right: how much of it is left. 100 % is "
                "no better than guessing, 0 % nothing wrong.",
            ),
            ("trained on", "On the examples that it is trained on, at the end, median of the seeds."),
            ("new", "On examples that are held back, at the end, median of the seeds."),
            ("helps", "On every seed at least 30 % less is left than without the change."),
            ("What was wrong", "The change that helps most; of several that help equally, the smallest change."),
        ]
