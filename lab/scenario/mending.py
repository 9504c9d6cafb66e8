"""A scenario's content with what is wrong in it put right or left out, so that what else is wrong comes to light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.errors import Path
from lab.scenario.document import Document


@dataclass(frozen=True)
class Mend:
    """What is done about one place: another key, another value, or nothing stands there any more."""

    kind: Literal["key", "value", "gone"]
    instead: Any = None


@dataclass(frozen=True)
class Mends:
    """What is done to a document, by path. Without any, the content is the document's own."""

    at: Mapping[Path, Mend] = field(default_factory=dict)

    def content(self, document: Document) -> dict[str, Any]:
        """The document's value with all mends made."""
        made = self._made(document.value, ())
        for path, mend in self.at.items():  # a key that the document does not have
            if mend.kind == "value" and len(path) == 1:
                made.setdefault(path[0], mend.instead)
        return dict(made)

    def _made(self, value: Any, path: Path) -> Any:
        if isinstance(value, list):
            inside = [(number, each) for number, each in enumerate(value)]
            return [self._value(each, (*path, number)) for number, each in inside if self._stays((*path, number))]
        if isinstance(value, dict):
            return {
                self._key((*path, key)): self._value(each, (*path, key))
                for key, each in value.items()
                if self._stays((*path, key))
            }
        return value

    def _value(self, value: Any, path: Path) -> Any:
        mend = self.at.get(path)
        return mend.instead if mend is not None and mend.kind == "value" else self._made(value, path)

    def _key(self, path: Path) -> Any:
        mend = self.at.get(path)
        return mend.instead if mend is not None and mend.kind == "key" else path[-1]

    def _stays(self, path: Path) -> bool:
        mend = self.at.get(path)
        return mend is None or mend.kind != "gone"

    def original(self, path: Path, document: Document) -> Path:
        """A path in the mended content as it is in the document."""
        if not self.at:
            return path
        found: Path = ()
        value = document.value
        for part in path:
            known = True
            if isinstance(value, list) and isinstance(part, int):
                kept = [number for number in range(len(value)) if self._stays((*found, number))]
                part = kept[part] if part < len(kept) else part
                known = part < len(value)
            elif isinstance(value, dict):
                part = next((key for key in value if self._key((*found, key)) == part), part)
                known = part in value
            else:
                known = False
            value = value[part] if known else None
            found = (*found, part)
        return found
