"""A scenario in the making: its content, every change of which can be taken back, and the file that it becomes."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.data.registry import BESIDE, file_formats
from lab.errors import BadInput, InvalidValue
from lab.home import with_home
from lab.scenario.overrides import change
from lab.scenario.source import read_text
from lab.store.files import write_atomically

if TYPE_CHECKING:
    from lab.scenario import Loaded

Content = dict[str, Any]


class Draft:
    """What is edited. Nothing in it has to be right: `loaded` and `lab.tasks.architecture.sketch` say what is wrong.

    path: the file that it is of, or would be: the paths in it are relative to that file's folder
    """

    def __init__(self, content: Mapping[str, Any], path: Path, text: str | None = None, chosen: bool = False) -> None:
        """text: the file as it is on disk, if there is one;  chosen: whether somebody has chosen what it begins with,
        so that it is not given up without a question."""
        self.path = path
        self.content: Content = copy.deepcopy(dict(content))
        self._disk = text
        self._chosen = chosen
        self._written = (text, copy.deepcopy(self.content)) if text is not None else None
        self._past: list[tuple[str, Content]] = []
        self._future: list[tuple[str, Content]] = []

    @classmethod
    def of_file(cls, path: Path) -> Draft:
        """The scenario in a file. Raises BadInput if it is not one."""
        from lab.nets.layer import name_first
        from lab.scenario.document import parse

        text = read_text(path)
        content = dict(parse(text, str(path)).value)
        if isinstance(content.get("model"), list):
            content["model"] = [name_first(layer) for layer in content["model"]]
        return cls(content, path, text)

    @property
    def model(self) -> list[Any]:
        return list(self.content.get("model") or [])

    @property
    def text(self) -> str:
        """The scenario as YAML: word for word as it was written by hand, while nothing was changed since."""
        from lab.scenario.writing import in_blocks

        if self._written is not None and self._written[1] == self.content:
            return self._written[0]
        return in_blocks(self.content)

    @property
    def saved(self) -> bool:
        """Whether the file holds what is here."""
        return self._disk is not None and self.text == self._disk

    @property
    def is_of_file(self) -> bool:
        """Whether there is a file that it came from, or was saved to."""
        return self._disk is not None

    @property
    def changed(self) -> bool:
        """Whether something was made that is in no file."""
        return (self._chosen or bool(self._past)) and not self.saved

    @property
    def loses_comments(self) -> bool:
        """Whether the file on disk has comments that saving would not keep."""
        by_hand = self._written is not None and self._written[1] == self.content
        return self._disk is not None and "#" in self._disk and not by_hand

    def loaded(self) -> Loaded:
        """The scenario, its structure checked. Raises BadInput."""
        from lab.scenario import load_text

        return load_text(self.text, self.path)

    # Changing

    def edit(self, what: str, act: Callable[[Content], None]) -> None:
        """Change the content with `act`; `what` says in a few words what was done. A change that is refused with a
        BadInput leaves everything as it was."""
        changed = copy.deepcopy(self.content)
        act(changed)
        if changed != self.content:
            self._past.append((what, self.content))
            self._future.clear()
            self.content = changed

    def take_text(self, text: str, content: Mapping[str, Any]) -> None:
        """Take over what was written by hand, and what it says."""
        before = self._written
        self._past.append(("text changed", self.content))
        self._future.clear()
        self._written = (text, copy.deepcopy(dict(content)))
        self.content = copy.deepcopy(dict(content))
        if before is not None and before[0] == text:
            self._past.pop()

    def set(self, dotted: str, value: Any, what: str = "") -> None:
        """Set a value by its dotted path; None takes a key away. Raises BadInput if the path names nothing."""

        def act(content: Content) -> None:
            head, _, last = dotted.rpartition(".")
            if value is None:
                inside: Any = content
                for part in head.split(".") if head else []:
                    inside = inside.get(part, {}) if isinstance(inside, dict) else {}
                if isinstance(inside, dict):
                    inside.pop(last, None)
                return
            try:
                change(content, dotted, value, None)
            except InvalidValue as error:
                raise BadInput(error.message) from None

        self.edit(what or f"{dotted} changed", act)

    def insert(self, place: int, layer: Any) -> None:
        """Put a layer before the one at `place`. What variants say of layers behind it goes with them."""
        self._change_model(
            f"{name_of(layer)} added", lambda model: model.insert(place, layer), lambda n: n + (n >= place)
        )

    def remove(self, place: int) -> None:
        """Take the layer at `place` out, with what variants say of it."""
        name = name_of(self.model[place])
        self._change_model(
            f"{name} removed",
            lambda model: model.pop(place),
            lambda n: None if n == place else n - (n > place),
        )

    def move(self, place: int, to: int) -> None:
        """Let the layer at `place` stand at `to`."""
        if not 0 <= to < len(self.model) or place == to:
            return
        order = list(range(len(self.model)))
        order.insert(to, order.pop(place))
        self._change_model(
            f"{name_of(self.model[place])} moved",
            lambda model: model.insert(to, model.pop(place)),
            lambda n: order.index(n) if n < len(order) else n,
        )

    def replace(self, place: int, layer: Any) -> None:
        """Put another layer in place of the one at `place`."""

        def put(model: list[Any]) -> None:
            model[place] = layer

        self._change_model(f"{name_of(layer)} changed", put, lambda n: n)

    def _change_model(self, what: str, act: Callable[[list[Any]], Any], moved: Callable[[int], int | None]) -> None:
        def both(content: Content) -> None:
            model = list(content.get("model") or [])
            act(model)
            content["model"] = model
            variants = content.get("variants")
            if isinstance(variants, dict):
                content["variants"] = {
                    name: _renumbered(each, moved) if isinstance(each, dict) else each
                    for name, each in variants.items()
                }

        self.edit(what, both)

    # Taking back

    def undo(self) -> str:
        """Take the last change back; what was taken back, in words. Raises BadInput if there is none."""
        return self._step(self._past, self._future, "Nothing was changed yet.", "Taken back")

    def redo(self) -> str:
        """Do again what was taken back last. Raises BadInput if there is nothing."""
        return self._step(self._future, self._past, "Nothing was taken back.", "Done again")

    def _step(
        self, source: list[tuple[str, Content]], target: list[tuple[str, Content]], nothing: str, done: str
    ) -> str:
        if not source:
            raise BadInput(nothing)
        what, content = source.pop()
        target.append((what, self.content))
        self.content = content
        return f"{done}: {what}."

    # Saving

    def save(self, path: Path) -> None:
        """Write the file. Another file than the draft's own is never overwritten. Raises BadInput."""
        own = self._disk is not None and path.absolute() == self.path.absolute()
        moved = self
        if path.absolute().parent != self.path.absolute().parent:
            moved = Draft(self.content, path)
            _follow_files(moved.content, self.path.absolute().parent, path.absolute().parent)
            if moved.content == self.content:
                moved = self
        text = moved.text
        try:
            if own:
                write_atomically(path, text.encode())
            else:
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
        except FileExistsError:
            raise BadInput(f"{path} exists already; it is not overwritten: give another name.") from None
        except OSError as error:
            raise BadInput(f"{path} cannot be written ({error.strerror or error}).") from None
        self.content = moved.content
        self.path, self._disk, self._written = path, text, (text, copy.deepcopy(self.content))


def _follow_files(content: Content, before: Path, now: Path) -> None:
    """Let the files that a scenario names be found from another folder, too."""
    data, init = content.get("data"), content.get("init")
    for block, key in (*((data, each) for each in (*file_formats(), *BESIDE)), (init, "from")):
        if isinstance(block, dict) and isinstance(given := block.get(key), str):
            file = with_home(given)
            if not file.is_absolute():
                block[key] = os.path.relpath(before / file, now)


def name_of(layer: Any) -> str:
    """The kind of a layer as it stands in `model`.

    >>> name_of("relu"), name_of({"dense": 64})
    ('relu', 'dense')
    """
    return str(next(iter(layer), "")) if isinstance(layer, dict) else str(layer)


def _renumbered(differences: Mapping[str, Any], moved: Callable[[int], int | None]) -> dict[str, Any]:
    """What a variant changes, with the positions of layers as they are now; None: the layer is gone."""
    found = {}
    for dotted, value in differences.items():
        parts = str(dotted).split(".")
        if parts[0] == "model" and len(parts) > 1 and parts[1].isdigit():
            place = moved(int(parts[1]))
            if place is None:
                continue
            parts[1] = str(place)
        found[".".join(parts)] = value
    return found
