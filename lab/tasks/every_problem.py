"""Every problem of a scenario file at once.

A check stops at the first thing that is wrong. Here what it names is put right, if the message itself says how (`did
you mean relu?`), or left out, and the check begins again, until nothing is found any more. What only follows from
something that was left out is not told.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

from lab.errors import BadInput, InvalidValue
from lab.errors import Path as ValuePath
from lab.nets.blocks import WrongInBlock, known_blocks
from lab.nets.layer import layer
from lab.nets.optimizers.optimizer import optimizer
from lab.scenario import InvalidExpression, Loaded, listing
from lab.scenario.choices import refuse_split
from lab.scenario.document import Document, parse, parse_any
from lab.scenario.loading import load_document
from lab.scenario.mending import Mend, Mends
from lab.scenario.origins import Misplaced, Origins
from lab.scenario.source import read_text
from lab.scenario.starters import FIRST_FILES, starters
from lab.tasks.scenario_check import check, check_tries
from lab.validation import MissingKey

MOST_PROBLEMS = 100
"""A file with more is not what it was meant to be."""

_SUGGESTED = re.compile(r"did you mean ([^\s?]+)\?")
_NO_VARIANT = re.compile(r"there is no variant '([^']+)'")
_MISQUOTED = re.compile(r"\{([^}]+)\} quotes something that is not measured")
_WHICH_DATA = ("name", "csv", "npz", "images", "idx", "text", "json")
_JUDGING = ("claims", "measured", "try_next", "show")


def problems(source: str) -> list[BadInput]:
    """All that is wrong with the scenario of a slug or path, in the order of its lines; empty if it can be run."""
    try:
        path = listing.locate(source)
        document = parse(read_text(path), str(path))
    except BadInput as error:
        return [error]
    return _Search(document, path).everything()


class _Search:
    """mends: what stands now;  done: all that was done, nothing of it twice;  told: what was found;  silent: parts of
    which nothing true can be said any more."""

    def __init__(self, document: Document, path: Path) -> None:
        self.document, self.path = document, path
        self.mends: dict[ValuePath, Mend] = {}
        self.done: set[tuple[ValuePath, str]] = set()
        self.told: list[BadInput] = []
        self.silent: set[str] = set()
        self.reading_parts = False

    def everything(self) -> list[BadInput]:
        goes_on = True
        while goes_on and len(self.told) < MOST_PROBLEMS:
            goes_on = False
            try:
                self._check()
            except Misplaced as problem:
                goes_on = self._take(problem)
            except BadInput as problem:
                if not self.silent:
                    self.told.append(problem)
        return sorted(self.told, key=lambda each: each.place if isinstance(each, Misplaced) else (0, 0))

    def _check(self) -> None:
        """Raises what is wrong first with the mended content."""
        mends = Mends(self.mends)
        self.reading_parts = True
        if not any(path[:1] == ("question",) for path in self.mends):
            self._split_choices()
        loaded = load_document(self.document, self.path, mends=mends)
        self._parts(loaded)
        self.reading_parts = False
        if "task" not in self.silent:
            check(loaded)
            check_tries(loaded)

    def _split_choices(self) -> None:
        try:
            refuse_split(self.document)
        except InvalidValue as error:
            raise Origins(self.document).locate(error) from None

    def _parts(self, loaded: Loaded) -> None:
        """Layers and optimizer by themselves: what is wrong with them does not depend on data and task."""
        for variant in loaded.variants:
            scenario = variant.scenario
            try:
                with known_blocks(scenario.blocks):
                    for number, each in enumerate(scenario.model):
                        layer(each, ("model", number))
                optimizer(scenario.optimizer.name, scenario.optimizer.given)
            except WrongInBlock as error:
                raise loaded.locate(error.told(), variant) from None
            except InvalidValue as error:
                raise loaded.locate(error, variant) from None

    def _take(self, problem: Misplaced) -> bool:
        """Tell a problem, unless it follows from another one, and mend it. Whether that can be done."""
        follows = self._follows(problem)
        if not follows:
            self.told.append(problem)
        place, mend = self._mend(problem)
        if place is None or (place, repr(mend)) in self.done:
            return False
        self.done.add((place, repr(mend)))
        self.mends[place] = mend
        self._fall_silent(place, mend)
        return True

    def _follows(self, problem: Misplaced) -> bool:
        error, path = problem.error, problem.path
        guessed = self.mends.get(path)
        if guessed is not None and guessed.kind == "value" and not _MISQUOTED.search(error.message):
            return True
        if isinstance(error, MissingKey):
            beside = [str(each[-1]) for each in self.mends if each[:-1] == path]
            return error.key in beside or bool(get_close_matches(error.key, beside))
        for each, mend in self.mends.items():
            if mend.kind == "gone" and (path[: len(each)] == each or path == ("data",) == each[:1]):
                return True
        if self._of_something_gone(error, path):
            return True
        section = str(path[0]) if path else ""
        if section == "variants" and len(path) > 2:
            section = str(path[2]).partition(".")[0]
            if section in self.silent and len(path) == 3 and error.at_key:
                return True  # it names nothing any more
        if section in self.silent:
            return not (self.reading_parts and section in ("model", "blocks", "optimizer", *_JUDGING))
        if section in _JUDGING and "model" in self.silent:
            return ".dense" in error.message or "." in error.message.partition("'")[2].partition("'")[0]
        given, watched = (
            each.get("watch", []) for each in (self.document.value, Mends(self.mends).content(self.document))
        )
        gone = [each for each in given if each not in watched] if isinstance(given, list) else []
        if isinstance(error, InvalidExpression) and "no variant" not in error.problem:
            name = re.split(r"[^\w.]", error.text[error.offset :])[0].split(".")
            return any(get_close_matches(str(each), name) for each in gone)
        return False

    def _of_something_gone(self, error: InvalidValue, path: ValuePath) -> bool:
        """Whether a problem is about the name of something that is in the file, but was left out, or needs it."""
        renamed = {each[0]: mend.instead for each, mend in self.mends.items() if len(each) == 1 and mend.kind == "key"}
        gone = {(renamed.get(each[0], each[0]), *each[1:]) for each, mend in self.mends.items() if mend.kind == "gone"}
        for form, section in ((_NO_VARIANT, "variants"), (_MISQUOTED, "measured")):
            if (named := form.search(error.message)) and gone & {(section,), (section, named[1])}:
                return True
        if ("watch",) in gone and "there is no metric" in error.message:
            return True
        if "is not measured for a layer" in error.message and any("model" in str(each) for each in self.mends):
            return True
        if error.message.startswith("name at least two") and any(each[:2] == path[:2] for each in gone):
            return True
        if any(str(each[-1]).endswith("expression") for each in gone if "options" in ".".join(map(str, each))):
            return "the formula" in error.message or "is not measured for a layer" in error.message
        if "names nothing" not in error.message:
            return False
        # What the options of a task name has no place of its own, but stands in the sentence.
        dotted = (str(path[-1]) if path else error.message.replace("`", "").partition(" ")[0]).split(".")
        shaken = [name for name in ("options", "model") if any(each[0] == name for each in gone)]
        return tuple(dotted[:2]) in gone or any(name in dotted for name in shaken)

    def _mend(self, problem: Misplaced) -> tuple[ValuePath | None, Mend]:
        """What is done about a problem, and where: what its message suggests, else the smallest part is left out that
        can be."""
        error, path, gone = problem.error, problem.path, Mend("gone")
        if isinstance(error, MissingKey) and not path:
            self.silent |= {"task"} if error.key == "task" else set()
            return (error.key,), Mend("value", "classify" if error.key == "task" else "Untitled")
        if (misquoted := _MISQUOTED.search(error.message)) and "measured" in self.document.value:
            text = self.mends[path].instead if path in self.mends else self.document.at(path)
            return path, Mend("value", text.replace(f"{{{misquoted[1]}}}", misquoted[1]))
        suggested = _SUGGESTED.search(error.message)
        if suggested and path and path not in self.mends and not isinstance(error, InvalidExpression):
            kind = "key" if error.at_key else "value"
            beside = self.document.at(path[:-1])
            if kind == "value" and isinstance(self.document.at(path), str):
                return path, Mend("value", suggested[1])
            if kind == "key" and isinstance(beside, dict):
                parts = str(path[-1]).split(".")
                parts[parts.index(get_close_matches(suggested[1], parts, 1, 0.0)[0])] = suggested[1]
                if (key := ".".join(parts)) not in beside:
                    return path, Mend("key", key)
        if not path:
            return None, gone
        block = self.document.at(path[:-1])
        if error.own_key and path not in self.mends and isinstance(block, dict) and error.own_key not in block:
            return path, Mend("key", error.own_key)
        section = path[0]
        if section == "task":
            self.silent.add("task")
            return path, Mend("value", "classify")
        if section == "title" or (path[-1] == "says" and not error.at_key):
            return path, Mend("value", "Untitled")
        if section == "train" and self.mends.get(path) == gone:
            return path, Mend("value", 1)  # the default will not do either
        if section == "data" and (len(path) == 1 or path[1] in _WHICH_DATA or path[:2] in self.mends):
            return self._other_data()
        if section == "data":
            return path[:2], gone
        if section == "variants" and len(path) == 2 and error.at_key:
            return path, Mend("key", f"variant_{len(self.mends)}")
        if section == "try_next":
            return path[:2], gone
        beside = self.document.at(path[:-1])
        if error.at_key and (section not in ("model", "blocks") or (isinstance(beside, dict) and len(beside) > 1)):
            return path, gone
        if section == "question" or path[:2] == ("optimizer", "name"):
            return path[:1], gone
        if section == "variants":
            return path[:3], gone
        return path[: 3 if section == "show" else 2], gone

    def _other_data(self) -> tuple[ValuePath | None, Mend]:
        """Data and network of the task's first file, so that the rest can be looked at."""
        task = Mends(self.mends).content(self.document).get("task")
        if task not in starters() or ("data",) in self.mends:
            self.silent.add("data")
            return None, Mend("gone")
        first = parse_any((FIRST_FILES / f"{task}.yaml").read_text(encoding="utf-8"), "").value
        for name in ("model", "init", "blocks"):
            self.mends = {path: mend for path, mend in self.mends.items() if path[0] != name}
            if name in self.document.value or name in first:
                self.mends[(name,)] = Mend("value", first[name]) if name in first else Mend("gone")
        self.silent |= {"data", "model", "init", "blocks", "options", *_JUDGING}
        return ("data",), Mend("value", first["data"]) if "data" in first else Mend("gone")

    def _fall_silent(self, place: ValuePath, mend: Mend) -> None:
        """Whatever depends on what is gone."""
        if mend.kind != "gone":
            return
        if place[0] in ("model", "blocks") and len(place) <= 2:
            self.silent |= {"model", "blocks", "init"}
        elif place == ("variants",):
            self.silent |= set(_JUDGING)
        elif place == ("optimizer",):
            self.silent.add("optimizer")
