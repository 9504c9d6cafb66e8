"""Exceptions that nobody has caught: one sentence in a dialog, the traceback in a file, and the lab goes on."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import ModalScreen, Screen
from textual.widgets import Label

from lab.tui import keys
from lab.tui.footer import KeysThatFit

if TYPE_CHECKING:
    from lab.tui.app import LabApp

LOG_NAME = "problems.log"
_LARGEST_LOG = 1_000_000
_LONGEST_DETAIL = 200


def place(error: BaseException) -> tuple[str, str, int]:
    """What identifies a problem: its type, and the file and line where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return type(error).__name__, frames[-1].filename if frames else "", (frames[-1].lineno or 0) if frames else 0


def while_painting(error: BaseException) -> bool:
    """Whether it was raised while Textual put the parts of a screen together, as it does again and again."""
    return any(Path(frame.filename).name == "_compositor.py" for frame in traceback.extract_tb(error.__traceback__))


def sentence(error: BaseException) -> str:
    """What the dialog says of an exception."""
    detail = " ".join(str(error).split())[:_LONGEST_DETAIL]
    named = f"{type(error).__name__}: {detail}" if detail else type(error).__name__
    return f"This is a bug in the lab ({named}); the lab goes on, and runs are kept."


def write_log(error: BaseException, folder: Path) -> Path | None:
    """Append the traceback to the log in a folder; returns the log, None if it cannot be written. A log that has grown
    large is begun anew."""
    path = folder / LOG_NAME
    text = "".join(traceback.format_exception(error))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mode = "a" if not path.exists() or path.stat().st_size < _LARGEST_LOG else "w"
        with path.open(mode, encoding="utf-8", errors="replace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n")
    except OSError:
        return None
    return path


class ReportsProblems(MessagePump):
    """Mixed into the lab, its screens and its widgets: an exception in the handler of a message becomes a dialog.

    Textual ends the loop of a widget, and the whole program, with the first exception that leaves a handler. A screen
    that fails while it is being opened is closed again.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            app: LabApp = self.app  # type: ignore[assignment]  # these screens are shown by no other program
            app.report_problem(error)
            if isinstance(self, Screen) and isinstance(message, events.Compose | events.Mount):
                app.call_later(app.close_screen, self)


class ProblemDialog(ModalScreen[None]):
    """Says what went wrong, over the screen in which it did."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("problem"))
    CSS = """
    ProblemDialog { align: center middle; }
    ProblemDialog > Vertical {
        width: 90%; max-width: 90; height: auto; padding: 0 1; border: round $error; background: $surface;
    }
    ProblemDialog Label { width: 100%; }
    ProblemDialog .note { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, sentence: str, log_file: Path | None) -> None:
        super().__init__()
        self.sentence, self.log_file = sentence, log_file

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Something went wrong"
            yield Label(self.sentence, markup=False)
            if self.log_file is not None:
                yield Label(f"The details are in {self.log_file}.", classes="note", markup=False)
        yield KeysThatFit()

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[Any, Any]]:
        return [("the sentence", "What went wrong; the file that is named says where, for whoever reports it.")]
