"""Every key of every screen, in one table: bindings, footer, help and the settings file all read it.

An action has an id, `screen.action`, by which the settings file gives it other keys. Only keys are used that get
through tmux and SSH unchanged: letters, digits, signs, function keys, the arrows and a few combinations with ctrl.

To add a key: one row in the table, and a method `action_<action>` on the screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from textual.binding import Binding

from lab.errors import BadInput, nearest


@dataclass(frozen=True, slots=True)
class Key:
    """One action of a screen.

    action:  name of the screen's method behind `action_`, with arguments if it takes any: `digit(1)`
    keys:    the keys that call it, joined by commas, in Textual's names
    label:   what the footer says, a word or two; "" keeps it out of the footer
    meaning: what the help says, a sentence
    name:    the second half of its id, where that is not the action itself
    """

    action: str
    keys: str
    label: str
    meaning: str
    name: str = ""
    priority: bool = False

    @property
    def title(self) -> str:
        """What the menu says."""
        return self.label or self.short_name.replace("_", " ").capitalize()

    @property
    def short_name(self) -> str:
        """The second half of its id."""
        return self.name or self.action.partition("(")[0]


TABLE: dict[str, tuple[Key, ...]] = {
    "everywhere": (
        Key("explain", "question_mark,f1", "Help", "Explain every number, sign and colour on the screen; its keys."),
        Key("command_palette", "ctrl+p", "Menu", "Find any command or lesson by its name."),
        Key("next_theme", "f2", "", "The next theme: dark, light, both in colours that are safe for the colour-blind."),
        Key("leave_lab", "ctrl+q", "", "Leave the lab; a run that is going on is kept and can be resumed."),
    ),
    "explore": (
        Key("run", "enter", "Run", "Run the lesson; its question comes first, if it has one."),
        Key("search", "slash", "Search", "Find lessons by title, idea and text."),
        Key("next_lesson", "n", "Next", "Go on: to the lesson after the one that was run last."),
        Key("skip", "s", "", "Show what the lesson says without answering its question."),
        Key("try_next", "t", "", "Run one of the changes that the lesson suggests, and see its effect."),
        Key("runs", "r", "Runs", "What was run before: replay, compare, export, delete."),
        Key("make", "c", "Make", "Make something of your own: from your data, a network, a file; sweeps; the tour."),
        Key("kernels", "k", "", "The kernels that the lesson runs, with their source and speed."),
        Key("copy_command", "y", "", "Copy the `lab run` line of the lesson to the clipboard."),
        Key("copy_yaml", "Y", "", "Copy the lesson's file to the clipboard."),
        Key("guess_again", "g", "", "Answer the lesson's question again."),
        Key("lesson_down", "pagedown,space", "", "Scroll the lesson down."),
        Key("lesson_up", "pageup,b", "", "Scroll the lesson up."),
        Key("clear", "escape", "", "Empty the search, or go from the lesson back to the list."),
        Key("leave", "q", "Quit", "Leave the lab."),
    ),
    "guess": (
        Key("choose", "enter", "Answer", "Take the marked answer; a digit takes the answer with that number."),
        Key("skip", "s", "Skip", "Run without an answer."),
        Key("back", "escape", "Back", "Back to the lesson, without a run."),
    ),
    "runs": (
        Key("open", "enter", "Open", "Watch the run again, at any speed."),
        Key("mark", "space", "Mark", "Mark the run for comparing, or take the mark away."),
        Key("compare", "c", "Compare", "The marked runs side by side: curves, settings, final values."),
        Key("evaluate", "e", "Evaluate", "How good its network is: scores, confusion, calibration, worst mistakes."),
        Key("export", "x", "Export", "Write curves, weights or plots to a file."),
        Key("delete", "d", "Delete", "Delete the run; it is gone for good only when this screen is left."),
        Key("undo", "u", "Undo", "Bring back the run that was deleted last."),
        Key("resume", "o", "Go on", "Go on with a run that was interrupted."),
        Key("filter", "slash", "", "Show only runs with these words in name, title or state."),
        Key("copy_command", "y", "", "Copy the `lab run` line that repeats the run."),
        Key("copy_yaml", "Y", "", "Copy the scenario as it was run."),
        Key("back", "q,escape", "Back", "Empty the filter, or go back to the lessons."),
    ),
    "evaluation": (
        Key("next_part", "p", "Rows", "Other rows of the run: held back, test, training."),
        Key("back", "q,escape", "Back", "Back to the runs."),
    ),
    "diagnosis": (
        Key("back", "q,escape", "Back", "Back to the run; what is still being tried is given up."),
    ),
    "compare": (
        Key("next_metric", "m,right", "Metric", "Draw the next metric."),
        Key("previous_metric", "M,left", "", "Draw the metric before."),
        Key("logarithmic", "l", "Log", "Logarithmic or linear axis."),
        Key("back", "q,escape", "Back", "Back to the runs."),
    ),
    "export": (
        Key("choose", "enter", "Choose", "Take the marked format; then, write the file."),
        Key("back", "escape", "Close", "Back to the runs, without a file."),
    ),
    "problem": (
        Key("back", "escape,enter", "Close", "Close it and go on."),
    ),
    "dialog": (
        Key("back", "escape", "Close", "Close it."),
    ),
}  # fmt: skip
"""Screen to its keys. `everywhere` holds on every screen; `dialog` on the small ones over another. Those of the screens
that show a run stand in `lab.tui.run.keys`."""

SPECIAL = frozenset(
    (
        "enter", "escape", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown",
        "up", "down", "left", "right",
    )
)  # fmt: skip
CONTROL = frozenset("cdefgklnopqrtuvwxyz")
"""May go with ctrl. Not so: `a`, `b` belong to screen and tmux, `h i j m` are other keys, `s` stops terminals."""
SIGNS = {
    "question_mark": "?", "slash": "/", "full_stop": ".", "comma": ",", "plus": "+", "minus": "-", "equals_sign": "=",
    "left_square_bracket": "[", "right_square_bracket": "]", "less_than_sign": "<", "greater_than_sign": ">",
    "colon": ":", "semicolon": ";", "exclamation_mark": "!", "apostrophe": "'", "quotation_mark": '"',
    "underscore": "_", "asterisk": "*", "vertical_line": "|", "backslash": "\\", "tilde": "~", "at": "@",
    "number_sign": "#", "dollar_sign": "$", "percent_sign": "%", "ampersand": "&", "left_parenthesis": "(",
    "right_parenthesis": ")", "left_curly_bracket": "{", "right_curly_bracket": "}", "grave_accent": "`",
    "circumflex_accent": "^",
}  # fmt: skip
_NAMES = {sign: name for name, sign in SIGNS.items()}


def survives(key: str) -> bool:
    """Whether a key arrives unchanged through tmux, screen and SSH in any terminal."""
    if key in SPECIAL or key in SIGNS or re.fullmatch("[A-Za-z0-9]|f([1-9]|1[0-2])", key):
        return True
    control, plus, letter = key.partition("+")
    return control == "ctrl" and plus == "+" and len(letter) == 1 and letter in CONTROL


def bindings(screen: str, rows: Iterable[Key] | None = None) -> list[Binding]:
    """What a screen's BINDINGS are: its rows of the table, or those that are given."""
    chosen = TABLE[screen] if rows is None else rows
    return [
        Binding(
            each.keys,
            each.action,
            each.title,
            show=bool(each.label),
            priority=each.priority,
            tooltip=each.meaning,
            id=identifier(screen, each),
        )
        for each in chosen
    ]


def modal_bindings(screen: str, rows: Iterable[Key] | None = None) -> list[Binding]:
    """What the BINDINGS of a small screen over another are. Keys do not get through it to the lab itself, so those that
    hold everywhere are its own; only the menu is about what lies below."""
    everywhere = [
        replace(each, action=f"app.{each.action}", name=each.short_name)
        for each in TABLE["everywhere"]
        if each.action != "command_palette"
    ]
    return [*bindings(screen, rows), *bindings("everywhere", everywhere)]


def identifier(screen: str, key: Key) -> str:
    """The name of an action in the settings file."""
    return f"{screen}.{key.short_name}"


def table() -> dict[str, tuple[Key, ...]]:
    """The whole table, with the screens of a run, which keep their rows beside them."""
    from lab.tui.build.keys import STUDIO
    from lab.tui.run.keys import DIALOGS, KERNELS, REPLAY, RUN

    return {**TABLE, "run": RUN, "replay": REPLAY, "kernels": KERNELS, **DIALOGS, **STUDIO}


def pressed(action: str, chosen: Mapping[str, str], default: str) -> str:
    """The first key of an action as people write it, given what the settings file has chosen."""
    return shown(chosen.get(action, default).partition(",")[0])


def identifiers() -> Iterator[str]:
    """The names of all actions."""
    for screen, rows in table().items():
        yield from (identifier(screen, each) for each in rows)


def keymap(chosen: Mapping[str, str]) -> dict[str, str]:
    """Keys from the settings file as Textual takes them, by action. Raises BadInput.

    Signs may be written as themselves: `explore.search: "/"`.
    """
    known = set(identifiers())
    found = {}
    for action, text in chosen.items():
        if action not in known:
            raise BadInput(f"keys: there is no action {action!r}: {_hint(action, known)}.")
        names = [_name(each) for each in _split(text)]
        for name in names:
            if not survives(name):
                raise BadInput(f"keys.{action}: {name!r} is not a key that gets through tmux and SSH unchanged.")
            if action.startswith("form.") and _writes(name):
                raise BadInput(f"keys.{action}: {shown(name)} is needed to write into the form.")
        if not names:
            raise BadInput(f"keys.{action}: no key is named.")
        found[action] = ",".join(names)
    _refuse_twice(found)
    return found


def _writes(key: str) -> bool:
    """Whether a key writes a character."""
    return len(key) == 1 or key in SIGNS or key in ("space", "backspace", "delete")


def _hint(action: str, known: Iterable[str]) -> str:
    hint = nearest(action, known)
    return f"{hint.partition('?')[0]}?" if hint.startswith("did you mean") else "the help (?) lists them"


def _split(text: str) -> list[str]:
    return [","] if text == "," else [each.strip() for each in text.split(",") if each.strip()]


def _name(key: str) -> str:
    return _NAMES.get(key, key)


def _refuse_twice(chosen: Mapping[str, str]) -> None:
    """One key for two actions of a screen would leave one of them without any. Raises BadInput."""
    whole = table()
    for screen in whole:
        taken: dict[str, str] = {}
        for section in dict.fromkeys(("everywhere", screen)):
            for row in whole[section]:
                name = identifier(section, row)
                for key in chosen.get(name, row.keys).split(","):
                    other = taken.setdefault(key, name)
                    if other != name and (name in chosen or other in chosen):
                        new, old = (name, other) if name in chosen else (other, name)
                        raise BadInput(f"keys.{new}: {shown(key)} is already the key of {old}.")


def shown(key: str) -> str:
    """A key as people write it.

    >>> shown("question_mark"), shown("ctrl+p"), shown("pagedown")
    ('?', '^p', 'pgdn')
    """
    if key.startswith("ctrl+"):
        return f"^{key.removeprefix('ctrl+')}"
    short = {"pagedown": "pgdn", "pageup": "pgup", "escape": "esc"}
    return SIGNS.get(key, short.get(key, key))
