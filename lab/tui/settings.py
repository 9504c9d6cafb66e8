"""The settings file: `settings.yaml` in the user's configuration folder, or the file that `LAB_CONFIG` names.

Nothing has to be in it. A file that cannot be used is one sentence, and everything is as if there were none.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from lab.errors import BadInput, InvalidValue, nearest
from lab.home import with_home

FILE_NAME = "settings.yaml"
THEME_NAMES = ("auto", "dark", "light", "safe-dark", "safe-light", "terminal")


@dataclass(frozen=True)
class Settings:
    """What the user has chosen; each field is a key of the settings file."""

    theme: str = "auto"
    """The colours: dark, light, safe-dark and safe-light (safe for the colour-blind), terminal (the terminal's own 16),
    or auto: what was chosen last with the theme key, at first dark, and terminal where there are only 16 colours."""

    guess: bool = True
    """Ask a lesson's question before its first run."""

    mouse: bool = True
    """Use the mouse. Without, the terminal itself selects text with it. `--no-mouse` does the same."""

    fps: float = 4.0
    """How many times a second the curves are drawn while a run trains, from 0.1 to 10. `--fps` does the same."""

    pace: float | str = "auto"
    """How many seconds the first run of a lesson takes at least, so that it can be watched: a number up to 3600, 0 for
    as fast as it can, or auto: what was chosen last with the keys < and >, at first 15."""

    folder: str = ""
    """A folder with scenarios of your own, shown as a chapter. `lab tui FOLDER` does the same."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys for actions, such as `explore.search: ctrl+f`, several joined by commas; the help (?) shows the name
    of each action. Keys are called f1, ctrl+t, space, pagedown, or by their letter, digit or sign."""


def settings_path() -> Path:
    """Where the settings file is, or would be."""
    chosen = os.environ.get("LAB_CONFIG")
    if chosen:
        return with_home(chosen)
    import platformdirs

    return Path(platformdirs.user_config_dir("backprop-lab", appauthor=False)) / FILE_NAME


def read(path: Path | None = None) -> tuple[Settings, str | None]:
    """The settings, and a sentence if there is a file that cannot be used (the settings are then the defaults)."""
    path = settings_path() if path is None else path
    if not path.exists():
        return Settings(), None
    try:
        return _parse(path), None
    except BadInput as error:
        return Settings(), f"The settings file is not used: {error}"


def _parse(path: Path) -> Settings:
    """The settings of a file. Raises BadInput with file, line and column."""
    from lab.scenario.document import parse_any
    from lab.scenario.source import read_text

    text = read_text(path)
    if not _has_content(text):
        return Settings()
    document = parse_any(text, str(path))
    try:
        return from_mapping(document.value)
    except InvalidValue as error:
        place = document.place(error.path, at_key=error.at_key)
        raise BadInput(f"{path}:{place.line}:{place.column}: {error}") from None


def _has_content(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def from_mapping(content: Any) -> Settings:
    """Settings from plain values. Raises InvalidValue for what is not one of them."""
    if not isinstance(content, dict):
        raise InvalidValue((), "settings are `key: value` lines, such as `theme: light`.")
    known = [each.name for each in fields(Settings)]
    chosen: dict[str, Any] = {}
    for name, value in content.items():
        if name not in known:
            raise InvalidValue((name,), f"there is no such setting; {nearest(name, known)}.", at_key=True)
        chosen[name] = _checked(name, value)
    return replace(Settings(), **chosen)


def _checked(name: str, value: Any) -> Any:
    """A value that its setting can have. Raises InvalidValue."""
    if name == "theme":
        if value not in THEME_NAMES:
            raise InvalidValue((name,), f"there is no theme {value!r}; {nearest(value, THEME_NAMES)}.")
        return value
    if name in ("guess", "mouse"):
        if not isinstance(value, bool):
            raise InvalidValue((name,), f"{value!r} is not allowed here: it must be true or false.")
        return value
    if name == "fps":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 10:
            raise InvalidValue((name,), f"{value!r} is not allowed here: it must be a number from 0.1 to 10.")
        return float(value)
    if name == "pace" and value != "auto":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
            raise InvalidValue((name,), f"{value!r} is not allowed here: it must be a number from 0 to 3600, or auto.")
        return float(value)
    if name == "pace":
        return value
    if name == "folder":
        if not isinstance(value, str):
            raise InvalidValue((name,), f"{value!r} is not the name of a folder.")
        return value
    return _checked_keys(value)


def _checked_keys(value: Any) -> dict[str, str]:
    from lab.tui.keys import keymap

    value = {} if value is None else value
    if not isinstance(value, dict):
        raise InvalidValue(("keys",), "write one `action: key` per line, such as `explore.search: ctrl+f`.")
    chosen = {}
    for action, keys in value.items():
        if not isinstance(keys, str | int) or isinstance(keys, bool):
            raise InvalidValue(("keys", action), f"{keys!r} is not a key.")
        chosen[action] = str(keys)
    try:
        return keymap(chosen)
    except BadInput as error:
        raise InvalidValue((), str(error)) from None


def example() -> str:
    """A settings file with every setting at its default, explained, and switched off by a `#`."""
    lines = ["# Settings of the lab. Take away the # in front of a setting to change it.", ""]
    defaults = Settings()
    for name, text in explanations().items():
        lines += [f"# {line}" for line in _wrapped(text)]
        value = getattr(defaults, name)
        shown = str(value).lower() if isinstance(value, bool) else ("{}" if isinstance(value, Mapping) else value)
        lines += [f"#{name}: {shown or '~/scenarios'}", ""]
    return "\n".join(lines)


def explanations() -> dict[str, str]:
    """Each setting with the text that stands under its field above."""
    tree = ast.parse(inspect.getsource(Settings)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            found[before.target.id] = " ".join(str(ast.literal_eval(after.value)).split())
    return found


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 100, break_on_hyphens=False)
