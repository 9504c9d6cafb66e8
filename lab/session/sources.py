"""Which files a scenario reads beside itself, and whether they still are what they were when a run began.

A run keeps the text of its scenario, and goes on with that. Data and weights are too large to be kept: it keeps where
they were, and a digest of what was in them. The digest decides: the same bytes at another place are the same file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from lab.data.registry import BESIDE, file_formats
from lab.errors import BadInput
from lab.home import with_home
from lab.scenario import Loaded, Scenario, Variant
from lab.scenario.source import read_text
from lab.store import RunInfo, Source, read_source


def sources_of(loaded: Loaded, variants: Iterable[Variant]) -> tuple[Source, ...]:
    """The files that these variants of a scenario read, as they are now. What cannot be read is left out: whoever
    builds the experiment says so."""
    names = dict.fromkeys(name for variant in variants for name in _names(variant.scenario))
    found = []
    for name in names:
        try:
            found.append(read_source(name, _place(loaded.folder, name)))
        except (OSError, ValueError, RuntimeError):
            continue
    return tuple(found)


def folder_of(info: RunInfo, anyway: bool = False) -> tuple[Path, tuple[Source, ...]]:
    """Where a run that is taken up finds its files: its scenario's folder, or else the current one; and the files.

    anyway: go on with a file that has changed; the source then says so
    Raises BadInput if a file is gone, or has changed.
    """
    folder = Path(info.path).parent if info.path else Path()
    for each in (folder, Path()):
        if all(_now(source, each) == source.digest for source in info.sources):
            return each, tuple(dataclasses.replace(s, path=str(_place(each, s.name).absolute())) for s in info.sources)
    taken = []
    for source in info.sources:
        try:
            now = read_source(source.name, _place(folder, source.name))
        except OSError as error:
            raise BadInput(
                f"{source.path}, from which {info.name} was trained, cannot be read any more "
                f"({error.strerror or error}): put it back, or resume in a folder that has it."
            ) from None
        if now.digest != source.digest:
            if not anyway:
                raise BadInput(
                    f"{source.path} has changed since {info.name} began ({_difference(source, now)}): put the old one "
                    f"back, or go on with --anyway."
                )
            now = dataclasses.replace(now, before=source.before or source.digest)
        taken.append(now)
    return folder, tuple(taken)


def refuse_changed(info: RunInfo, now: Iterable[Source]) -> None:
    """Raises BadInput if files that are read again are not those that a run read; they may have been moved."""
    found = {each.name: each for each in now}
    for source in info.sources:
        each = found.get(source.name)
        if each is not None and each.digest != source.digest:
            raise BadInput(f"{each.path} is not what {info.name} read ({_difference(source, each)}).")


def changed_text(info: RunInfo) -> str | None:
    """A sentence if the scenario's file no longer has the text with which the run began, and with which it goes on."""
    if info.path is None:
        return None
    try:
        if read_text(Path(info.path)) == info.text:
            return None
    except BadInput:
        return None
    return f"{info.path} has changed since {info.name} began, which goes on with the text that it began with."


def _names(scenario: Scenario) -> Iterable[str]:
    """The names of files in a scenario: those of data, of single images, and of first weights."""
    data = scenario.data if isinstance(scenario.data, dict) else {}
    for key in (*file_formats(), *BESIDE):
        if isinstance(name := data.get(key), str):
            yield name
    for key in ("content_file", "style_file"):
        if isinstance(name := scenario.options.get(key), str):
            yield name
    weights = scenario.init.get("from") if isinstance(scenario.init, dict) else None
    if isinstance(weights, str) and weights.endswith(".safetensors"):  # else it is the name of a run
        yield weights


def _place(folder: Path, name: str) -> Path:
    return folder / with_home(name)


def _now(source: Source, folder: Path) -> str | None:
    """The digest of the file of this name in a folder; None if it cannot be read."""
    try:
        return read_source(source.name, _place(folder, source.name)).digest
    except OSError:
        return None


def _difference(before: Source, now: Source) -> str:
    if before.size == now.size:
        return f"other contents of the same {now.size:,} bytes"
    return f"it had {before.size:,} bytes, and has {now.size:,} now"
