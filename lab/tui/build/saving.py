"""Where a scenario is saved, and what becomes of one that is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.screen import Screen

from lab.errors import BadInput
from lab.home import with_home
from lab.tui import keys
from lab.tui.build.form import Blank, SettingsForm
from lab.tui.build.keys import STUDIO
from lab.tui.run.dialogs import QuestionDialog

if TYPE_CHECKING:
    from lab.tui.app import LabApp
    from lab.tui.build.draft import Draft


class UnsavedDialog(QuestionDialog):
    """What becomes of a scenario that is not saved."""

    section = "unsaved"
    rows = STUDIO["unsaved"]
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("unsaved", STUDIO["unsaved"]))


def ask_where(screen: Screen[Any], draft: Draft, saved: Callable[[Path], None]) -> None:
    """Ask for the file, write it, and tell `saved` where it is."""
    note = "A path; .yaml is added. Relative paths begin in the folder where the lab was started."
    if draft.loses_comments:
        note = f"{draft.path.name} has comments, which are lost when it is written anew; another name keeps both."

    def use(values: dict[str, Any]) -> str:
        _path(values)
        return ""

    def written(values: dict[str, Any] | None) -> None:
        if values is None:
            return
        app: LabApp = screen.app  # type: ignore[assignment]  # these screens are shown by no other program
        with app.showing_errors():
            path = _path(values)
            draft.save(path)
            saved(path)

    blank = Blank("file", str(proposed(draft)), "needed", note, text=True)
    screen.app.push_screen(SettingsForm("Save as", "", [blank], use), written)


def proposed(draft: Draft) -> Path:
    """A name that is free, from the title if the draft has no file yet."""
    if draft.saved or (draft.path.exists() and draft.is_of_file):
        return draft.path
    for number in range(1, 1000):
        path = draft.path.with_name(f"{draft.path.stem}{f'-{number}' if number > 1 else ''}.yaml")
        if not path.exists():
            return path
    return draft.path


def slug(title: str) -> str:
    """A file's name from a title.

    >>> slug("Wine & cheese (2)"), slug("???")
    ('wine-cheese-2', 'mine')
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "mine"


def _path(values: dict[str, Any]) -> Path:
    text = str(values.get("file", "")).strip()
    if not text:
        raise BadInput("The file needs a name.")
    try:
        path = with_home(text if text.endswith((".yaml", ".yml")) else f"{text}.yaml")
    except RuntimeError as error:
        raise BadInput(f"{text}: {error}.") from None
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", path.stem, re.ASCII):
        raise BadInput(f"{path.stem!r} cannot be the name of a scenario: use letters, digits, - and _.")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {path.absolute().parent}.")
    return path


def leaving(screen: Screen[Any], draft: Draft, leave: Callable[[], object]) -> None:
    """Leave, and ask first if something that was made would be lost."""
    if draft.saved or not draft.changed:
        leave()
        return

    def answered(answer: str | None) -> None:
        if answer == "save":
            ask_where(screen, draft, lambda path: _saved(screen, path, leave))
        elif answer == "discard":
            leave()

    answers = {"save": "Save it as a file first", "discard": "Leave, and lose what was changed"}
    screen.app.push_screen(UnsavedDialog(f"{draft.path.name} is not saved.", answers), answered)


def _saved(screen: Any, path: Path, leave: Callable[[], object]) -> None:
    screen.saved_as = path
    screen.app.progress.remember_file(path)
    leave()
