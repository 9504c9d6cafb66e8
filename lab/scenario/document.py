"""Safe YAML, with the place of every key and value.

The parser's events are read one by one with an own stack: nothing recurses, nothing is built that was refused.
Anchors, aliases and tags are refused, which leaves no way to write a small file that becomes a large value.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from lab.errors import BadInput, Path
from lab.scenario.scalars import resolve

DEEPEST = 40  # levels of nesting
MOST_VALUES = 20_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser where PyYAML was built with it


def safe_loader(text: str) -> Any:
    """PyYAML's event parser over a text."""
    return _LOADER(text)


class Place(NamedTuple):
    """Where something stands in a file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """A parsed YAML text.

    name:   how the file is called in messages
    value:  plain dicts, lists, text and numbers; keys are always text
    values: the place of every value by its path; keys: the place of every key
    spans:  start and end of every scalar in `text`, by its path
    inline: paths of the lists and mappings that are written in brackets
    """

    name: str
    text: str
    value: Any
    values: dict[Path, Place] = field(repr=False)
    keys: dict[Path, Place] = field(repr=False)
    spans: dict[Path, tuple[int, int]] = field(repr=False)
    inline: set[Path] = field(repr=False)

    def place(self, path: Path, *, at_key: bool = False) -> Place:
        """Where a value (or its key) stands; for what is not in the file, the nearest thing around it."""
        if at_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), 0, -1):
            if (found := self.values.get(path[:length])) is not None:
                # Something missing inside a block is best shown at the block's own key.
                inside = length < len(path)
                return self.keys.get(path[:length], found) if inside else found
        return Place(1, 1)

    def written(self, path: Path) -> Path:
        """A path as it is in this text, where settings may stand beside the first one, and the first one alone:
        `residual.layers.0` in `{residual: [relu]}`, `conv.stride` in `{conv: 16, stride: 2}`."""
        found, around, value = list[str | int](), None, self.value
        for part in path:
            inside = _look_up(value, part) if isinstance(value, dict | list) else None
            if inside is not None:
                found.append(part)
                around, value = value, inside
            elif isinstance(value, dict):
                return (*found, part)
            elif isinstance(around, dict) and (beside := _look_up(around, part)) is not None:
                found[-1], value = part, beside
            elif not isinstance(part, str) or not isinstance(value, list):
                return tuple(found)
            # else it is the name of the setting that stands alone
        return tuple(found)

    def place_inside(self, path: Path, offset: int) -> Place:
        """Where character `offset` of a text value stands, also in folded and quoted text.

        Folding changes only blank characters, so the n-th character that is not blank is the n-th one in the file.
        Where that does not hold (an escape such as `\\n` in double quotes) it is the place where the value begins.
        """
        span, value = self.spans.get(path), self.at(path)
        if span is None or not isinstance(value, str):
            return self.place(path)
        source = self.text[slice(*span)]
        begin = _body_start(source)
        marks = [index for index in range(begin, len(source)) if not source[index].isspace()]
        solid = [index for index in range(len(value)) if not value[index].isspace()]
        ordinal = bisect.bisect_left(solid, offset)
        if [source[index] for index in marks[: len(solid)]] != [value[index] for index in solid] or not solid:
            return self.place(path)
        if ordinal < len(solid):
            index = marks[ordinal] - (solid[ordinal] - offset if offset < solid[ordinal] else 0)
        else:
            index = marks[len(solid) - 1] + 1
        return self._place_of_index(span[0] + max(index, begin))

    def at(self, path: Path) -> Any:
        """The value at a path that exists in the document, or None."""
        value = self.value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def _place_of_index(self, index: int) -> Place:
        before = self.text[:index]
        breaks = list(_LINE_BREAK.finditer(before))
        return Place(len(breaks) + 1, index - (breaks[-1].end() if breaks else 0) + 1)


def _look_up(container: Any, part: str | int) -> Any:
    try:
        return container[part]
    except (KeyError, IndexError, TypeError):
        return None


_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # an escape sequence in a title would reach the terminal
_BLOCK_HEADER = re.compile(r"[|>][^\n\r]*")


def _body_start(source: str) -> int:
    """How many characters of a scalar's source come before its content: the quote, or the header of a block."""
    if source[:1] in ("'", '"'):
        return 1
    header = _BLOCK_HEADER.match(source)
    return header.end() if header else 0


def parse(text: str, name: str) -> Document:
    """Reads one YAML document that is a mapping. Raises BadInput with file, line and column for anything else."""
    document = parse_any(text, name)
    if not isinstance(document.value, dict):
        place = document.place(())
        expected = "a scenario is made of `key: value` lines, such as `title: My first run`"
        raise BadInput(f"{name}:{place.line}:{place.column}: {expected}.")
    return document


def parse_any(text: str, name: str) -> Document:
    """Reads one YAML document of any kind: `parse` without the demand that it be a mapping."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{name}: the text is not UTF-8.") from None
    return _Builder(name, text).build(_events(name, text))


def _events(name: str, text: str) -> Iterator[Any]:
    """The parser's events, with its errors as sentences."""
    loader = None
    while True:
        try:
            loader = loader or safe_loader(text)  # in here, since PyYAML's own reader checks the text at once
            if not loader.check_event():
                return
            event = loader.get_event()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            problem = ", ".join(part for part in (error.context, error.problem) if part)
            if "nesting depth" in problem:  # newer parsers look ahead, and give up before we see how deep it goes
                raise BadInput(f"{name}{place}: nested more than {DEEPEST} levels deep.") from None
            hint = _hint(problem, _line_at(text, mark), mark.column if mark else 0)
            raise BadInput(f"{name}{place}: this is not valid YAML: {problem}{hint}.") from None
        except yaml.reader.ReaderError as error:
            before = text[: error.position] if isinstance(error.position, int) else ""
            line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
            raise BadInput(f"{name}:{line}:{column}: a character that YAML does not allow.") from None
        yield event


def _line_at(text: str, mark: Any) -> str:
    lines = _LINE_BREAK.split(text)
    return lines[mark.line] if mark and mark.line < len(lines) else ""


def _hint(problem: str, line: str, column: int) -> str:
    """What to do about the mistakes that are made most; the parser's own words are hard to understand."""
    if line[column : column + 1] == "\t" or "tab" in problem.split():
        return " (indent with spaces, not with tabs)"
    if "mapping values are not allowed" in problem:
        return " (put quotes around a text that contains `: `, and check the indentation)"
    if line[column : column + 1] in ("@", "`", "%"):
        return f" (put quotes around a text that begins with {line[column]})"
    return ""


class _Open:
    """A mapping or list whose end has not come yet."""

    __slots__ = ("container", "key", "path")

    def __init__(self, container: dict[str, Any] | list[Any], path: Path) -> None:
        self.container, self.path = container, path
        self.key: str | None = None


class _Builder:
    """Puts values together from parser events, and writes down where each stands."""

    def __init__(self, name: str, text: str) -> None:
        self.document = Document(name, text, None, {}, {}, {}, set())
        self.stack: list[_Open] = []
        self.root: Any = None
        self.documents = 0

    def build(self, events: Iterator[Any]) -> Document:
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._check_plain(event)
                self._scalar(event)
            elif kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
                self._check_plain(event)
                self._begin({} if kind is yaml.MappingStartEvent else [], event)
            elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                self.stack.pop()
            elif kind is yaml.AliasEvent:
                raise self._error(
                    event, f"`*{event.anchor}`: aliases are not allowed; write the value out, or quote the text."
                )
            elif kind is yaml.DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    raise self._error(event, "a second document begins here; a file holds one scenario.")
        found = self.document
        if not self.documents:
            raise BadInput(f"{found.name}: the file is empty.")
        return Document(found.name, found.text, self.root, found.values, found.keys, found.spans, found.inline)

    def _error(self, event: Any, message: str) -> BadInput:
        mark = event.start_mark
        return BadInput(f"{self.document.name}:{mark.line + 1}:{mark.column + 1}: {message}")

    def _check_plain(self, event: Any) -> None:
        if event.anchor is not None:
            raise self._error(
                event,
                f"`&{event.anchor}`: anchors are not allowed; write the value where it is needed, or quote the text.",
            )
        if event.tag is not None:
            raise self._error(event, f"`{event.tag}`: tags are not allowed; write the plain value, or quote the text.")

    def _begin(self, container: dict[str, Any] | list[Any], event: Any) -> None:
        path = self._add(container, event)
        if event.flow_style:
            self.document.inline.add(path)
        if len(self.stack) >= DEEPEST:
            raise self._error(event, f"nested more than {DEEPEST} levels deep.")
        self.stack.append(_Open(container, path))

    def _scalar(self, event: Any) -> None:
        if _CONTROL.search(event.value):
            raise self._error(event, "the text has a control character in it.")
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.container, dict) and top.key is None:
            self._key(top, event)
            return
        value: Any = event.value
        if event.implicit[0]:
            try:
                value = resolve(value)
            except ValueError as error:
                raise self._error(event, f"{error} cannot be used.") from None
        path = self._add(value, event)
        self.document.spans[path] = (event.start_mark.index, event.end_mark.index)

    def _key(self, top: _Open, event: Any) -> None:
        key = event.value
        path = (*top.path, key)
        if path in self.document.keys:
            first = self.document.keys[path]
            raise self._error(event, f"the key `{key}` is there twice (first in line {first.line}).")
        self.document.keys[path] = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        top.key = key

    def _add(self, value: Any, event: Any) -> Path:
        """Puts a value where it belongs and returns its path."""
        path: Path = ()
        if self.stack:
            top = self.stack[-1]
            if isinstance(top.container, list):
                path = (*top.path, len(top.container))
                top.container.append(value)
            elif top.key is None:
                raise self._error(event, "a key must be a word, not a list or mapping.")
            else:
                path = (*top.path, top.key)
                top.container[top.key] = value
                top.key = None
        else:
            self.root = value
        if len(self.document.values) >= MOST_VALUES:
            raise self._error(event, f"more than {MOST_VALUES:,} values in one file.")
        self.document.values[path] = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        return path
