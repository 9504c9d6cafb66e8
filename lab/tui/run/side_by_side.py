"""The pictures of several variants as one content, made anew only when one of them is another picture than before."""

from __future__ import annotations

from dataclasses import replace

from lab.pictures import Picture
from lab.terminal.pictures.one_scale import on_one_scale, one_map
from lab.terminal.run_state import RunState
from lab.tui.run.multiples import Cell, Content, Multiples

Key = tuple[str, int]
"""What a picture is in every variant, whatever its title: its name, and which of those with this name it is."""


class SideBySide:
    """Finds the same picture in several variants."""

    def __init__(self, run_state: RunState) -> None:
        self.run_state = run_state
        self._made: dict[Key, tuple[tuple[object, ...], Content]] = {}

    def of(self, variant: str, seed: int) -> dict[Key, Picture]:
        """The pictures of one replica, in their order."""
        taken = self.run_state.pictures
        return keyed([each.picture for where, each in taken.items() if where[:2] == (variant, seed)])

    def titles(self, variants: list[str], seed: int) -> dict[Key, str]:
        """Of each picture that any of the variants has the title in the first one that has it."""
        found: dict[Key, str] = {}
        for variant in variants:
            for key, picture in self.of(variant, seed).items():
                found.setdefault(key, picture.title)
        return found

    def content(self, key: Key, variants: list[str], seed: int, looked_at: str) -> Content | None:
        """The picture of each variant that has it, side by side; alone if there is only one."""
        numbers = {name: number for number, name in enumerate(self.run_state.variants)}
        own = [(name, self.of(name, seed).get(key)) for name in variants]
        found = [(name, picture) for name, picture in own if picture is not None]
        if not found:
            return None
        state = (*(id(picture) for _, picture in found), *(name for name, _ in found), looked_at)
        made = self._made.get(key)
        if made is None or made[0] != state:
            made = self._made[key] = (state, beside([(numbers[n], n, p) for n, p in found], looked_at, len(numbers)))
        return made[1]


def keyed(pictures: list[Picture]) -> dict[Key, Picture]:
    """Pictures by what they are; those that were kept without a name by their titles."""
    found: dict[Key, Picture] = {}
    for each in pictures:
        name = each.name or each.title
        found[name, sum(key[0] == name for key in found)] = each
    return found


def beside(found: list[tuple[int, str, Picture]], looked_at: str, variants: int) -> Content:
    """The pictures of several variants, (number, name, picture) each, as one content; as one map where they fit on one.

    looked_at: the variant that is shown in any case;  variants: how many the run has
    """
    maps = one_map(found)
    if len(maps) == 1 and len(found) == variants:
        return maps[0][2]
    scaled = on_one_scale([picture for _, _, picture in maps])
    titles = list(dict.fromkeys(each.title for each in scaled))
    common = titles[0] if len(titles) == 1 else _beginning(titles)
    heading = common or found[0][2].name.replace("_", " ").capitalize() or titles[0]
    names = {number: name for number, name, _ in found}
    cells = tuple(
        Cell(
            tuple((each, names[each]) for each in own),
            replace(picture, title=" "),
            picture.title[len(common) :].strip(),
        )
        for (own, _, _), picture in zip(maps, scaled, strict=True)
    )
    keep = next((n for n, each in enumerate(cells) if any(name == looked_at for _, name in each.variants)), 0)
    return Multiples(heading, cells, keep)


def _beginning(titles: list[str]) -> str:
    """The words with which all of them begin; empty if they have none in common."""
    words: list[str] = []
    for same in zip(*(each.split(" ") for each in titles), strict=False):
        if len(set(same)) > 1:
            break
        words.append(same[0])
    while words and words[-1] in ("of", "after", "on", "in", "per", "at", "by"):
        words.pop()
    return " ".join(words)
