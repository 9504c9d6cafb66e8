"""Finding a file with the keyboard alone: folders and the files that can be opened, shortened by what is typed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lab.data.limits import size
from lab.data.looking_at_images import may_be_images
from lab.home import with_home
from lab.tui import keys
from lab.tui.build.keys import STUDIO
from lab.tui.choices import Choices, share_keys
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.tui.app import LabApp

MOST = 2000
"""Entries of a folder that are shown."""
Entry = tuple[str, bool, int]
"""Name, whether it is a folder, bytes."""

THESE_IMAGES = "the images in these folders"
MOST_ENDINGS = 8
"""So many are named where there is no file to choose."""


class FilesScreen(ReportsProblems, ModalScreen[Path | None]):
    """Dismissed with the file that was chosen, or with a folder that holds a set of images.

    endings: of the files that are shown
    images:  whether a folder of images can be chosen
    folder:  where to begin; by default where the lab was last told to look, at first the working folder
    """

    app: LabApp
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("files", STUDIO["files"]))
    CSS = """
    FilesScreen { align: center middle; }
    FilesScreen > Vertical {
        width: 96%; max-width: 100; height: 96%; padding: 0 1; border: round $primary; background: $surface;
    }
    FilesScreen #folder { height: 1; color: $text-muted; }
    FilesScreen Choices { text-wrap: nowrap; text-overflow: ellipsis; height: 1fr; scrollbar-size-vertical: 1; }
    FilesScreen #told { height: auto; color: $text-muted; }
    """

    def __init__(self, title: str, endings: Sequence[str], folder: Path | None = None, *, images: bool = False) -> None:
        super().__init__()
        self._title, self._endings, self._images = title, tuple(endings), images
        self._first = folder
        self.folder = Path()
        self._entries: list[Entry] = []
        self._hidden = self._has_images = False
        self._came_from = ""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            yield Static(id="folder", markup=False)
            yield Input(placeholder="type to shorten the list, or a whole path", compact=True, select_on_focus=False)
            yield Choices()
            yield Static(id="told", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self.query_one(Choices).focus()
        self._open((self._first or self.app.last_folder or Path.cwd()).absolute())

    def _open(self, folder: Path, came_from: str = "") -> None:
        self._came_from = came_from
        self.query_one(Input).value = ""
        self._list(folder)

    @work(thread=True, exclusive=True)
    def _list(self, folder: Path) -> None:
        """A folder may be on a slow disk."""
        try:
            found = _entries(folder, self._endings, self._hidden)
            has_images = self._images and may_be_images(folder)
        except OSError as error:
            tell(self, self._say, f"{folder} cannot be opened: {error.strerror or error}.")
            return
        tell(self, self._take, folder, found, has_images)

    def _take(self, folder: Path, found: list[Entry], has_images: bool) -> None:
        self.folder, self._entries, self._has_images = folder, found, has_images
        self.app.last_folder = folder
        self.query_one("#folder", Static).update(str(folder))
        kinds = ", ".join([each for each in self._endings if each.count(".") == 1][:MOST_ENDINGS])
        self._say("" if has_images or any(not each[1] for each in found) else f"No file with {kinds} in this folder.")
        self._fill()

    def _say(self, sentence: str) -> None:
        self.query_one("#told", Static).update(sentence)

    def _fill(self) -> None:
        words = self.query_one(Input).value.casefold()
        rows: list[Entry] = [] if words else [("..", True, 0), *[(THESE_IMAGES, False, 0)] * self._has_images]
        rows += [each for each in self._entries if words in each[0].casefold()]
        choices = self.query_one(Choices)
        choices.clear_options()
        choices.add_options(Option(_line(each), id=each[0]) for each in rows)
        names = [name for name, _, _ in rows]
        first = 1 if len(rows) > 1 and not words else 0
        marked = names.index(self._came_from) if self._came_from in names else first
        choices.highlighted = marked if rows else None

    @on(Input.Changed)
    def _typed(self) -> None:
        if os.sep not in self.query_one(Input).value:
            self._fill()

    def on_key(self, event: events.Key) -> None:
        share_keys(event, self.query_one(Input), self.query_one(Choices))

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        written = self.query_one(Input).value.strip()
        if os.sep in written or written.startswith("~"):
            self._go_to(written)
            return
        choices = self.query_one(Choices)
        if choices.highlighted is None:
            self._say(f"Nothing here has {written!r} in its name.")
            return
        name = str(choices.get_option_at_index(choices.highlighted).id)
        if name == "..":
            self.action_up()
        elif name == THESE_IMAGES and self._has_images:
            self.dismiss(self.folder)
        elif any(each[0] == name and each[1] for each in self._entries):
            self._open(self.folder / name)
        else:
            self.dismiss(self.folder / name)

    def _go_to(self, written: str) -> None:
        try:
            path = (self.folder / with_home(written)).resolve()
            if path.is_dir():
                self._open(path)
            elif path.is_file():
                self.dismiss(path)
            else:
                self._say(f"There is no {path}.")
        except (OSError, RuntimeError, ValueError) as error:
            self._say(f"{written} cannot be opened: {error}.")

    def action_up(self) -> None:
        if self.folder.parent != self.folder:
            self._open(self.folder.parent, self.folder.name)

    def action_hidden(self) -> None:
        self._hidden = not self._hidden
        self._list(self.folder)

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("the list", "Folders first, then the files that can be opened here, with their sizes."),
            *[(THESE_IMAGES, "Each folder is a class, or one has the masks of the other.")] * self._images,
            ("typing", "Shortens the list to names with these letters; a whole path is taken as it is."),
        ]


def _entries(folder: Path, endings: Sequence[str], hidden: bool) -> list[Entry]:
    """Folders and files by name. Raises OSError."""
    found: list[Entry] = []
    with os.scandir(folder) as entries:
        for each in entries:
            if each.name.startswith(".") and not hidden:
                continue
            try:
                inside = each.is_dir()
                length = 0 if inside else each.stat().st_size
            except OSError:
                continue  # a link to nothing
            if inside or each.name.lower().endswith(tuple(endings)):
                found.append((each.name, inside, length))
    found.sort(key=lambda each: (not each[1], each[0].casefold()))
    return found[:MOST]


def _line(entry: Entry) -> Text:
    name, folder, length = entry
    clean = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)
    if folder:
        return Text(f"{clean}/", "bold", no_wrap=True, overflow="ellipsis")
    told = "" if name == THESE_IMAGES else f"  {size(length)}"
    return Text.assemble(clean, (told, "dim"), no_wrap=True, overflow="ellipsis")
