"""The pictures of a language model: what it writes, what its units follow, and how it does without a teacher."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.data.vocabularies import Vocabulary
from lab.pictures import Bars, Curves, Passages, Picture, Table
from lab.tasks.sequences.sampling import Choice
from lab.tasks.sequences.text_units import Follower, gates_of, values_of

FAN = (None, 0.3, 0.6, 1.0, 1.5)
"""The temperatures that are shown side by side; None is argmax."""
FAN_LENGTH = 120
MOST_BARS = 10
LINES, LINES_BEFORE = 8, 3
"""Of the newest sample so many lines are shown, of earlier ones fewer."""


def scroll(told: Sequence[tuple[int, str, dict[str, float]]], how: str) -> Table:
    """Samples of all moments in one scroll: the share of words that occur in the text, and how many characters the
    longest stretch has that stands in it as it is.

    told: of each sample, the newest first, its step, the text, and what was counted in it;  how: it was drawn
    """
    rows: list[tuple[str, ...]] = []
    for number, (step, sample, counted) in enumerate(told):
        lines = in_lines(sample, LINES if number == 0 else LINES_BEFORE)
        rows.append((f"{step:,}", f"{counted['real_words']:.0%}", f"{counted['copied']:.0f}", lines[0]))
        rows += [("", "", "", line) for line in lines[1:]]
    return Table(f"Samples {how}", ("step", "real", "copied", "text"), tuple(rows), name="samples")


def fan(written: np.ndarray, vocabulary: Vocabulary) -> Table:
    """What the same state writes at several temperatures, [temperatures, length]."""
    rows = tuple((str(Choice(each)), shown(vocabulary.spell(row))) for each, row in zip(FAN, written, strict=True))
    return Table("Temperatures", ("temperature", "text"), rows, name="temperatures")


def next_symbol(chances: np.ndarray, vocabulary: Vocabulary, primer: str) -> Bars:
    """The likeliest symbols behind a primer, from the chances of all, [symbols]."""
    order = chances.argsort()[::-1][:MOST_BARS]
    bars = {shown(vocabulary.symbols[each]): float(chances[each]) for each in order}
    return Bars(f"Next after {shown(primer)}", bars, extent=(0, 1), name="next_symbol")


def coloured(
    symbols: np.ndarray,
    vocabulary: Vocabulary,
    seen: dict[str, np.ndarray],
    followers: Sequence[Follower],
    followed: dict[str, np.ndarray],
) -> list[Picture]:
    """Texts [texts, time] coloured by the units that follow something, and one by the gates of the first such unit.

    followed: by property its numbers, [texts, time]; of each the text is shown in which it changes most
    """
    values = values_of(seen)
    texts: dict[str, str] = {}
    colours: dict[str, np.ndarray] = {}
    gates: dict[str, np.ndarray] = {}
    for number, each in enumerate(followers):
        row = int(followed[each.followed].std(axis=1).argmax())
        text, ends = vocabulary.spelled(symbols[row])
        unit = f"{each.layer} unit {each.unit}"
        title = f"{unit}, {each.followed} {each.correlation:+.2f}"
        texts[title], colours[title] = text, by_character(values[each.layer][row, :, each.unit], ends)
        if number == 0:
            own = gates_of(seen, each.layer, each.unit)
            found = {"cell": values[each.layer][..., each.unit]} if own else {}
            gates = {f"{name} of {unit}": by_character(kept[row], ends) for name, kept in {**own, **found}.items()}
            gated = text
    pictures: list[Picture] = []
    if texts:
        pictures.append(Passages("Units that follow something", texts, colours, name="units"))
    if gates:
        pictures.append(Passages("Gates", dict.fromkeys(gates, gated), gates, name="gates"))
    return pictures


def by_character(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """A number for each symbol [n] as one for each character; those between two symbols have the second one's."""
    lengths = np.diff(ends, prepend=0)
    return np.repeat(values, lengths).astype(np.float32)


def forced_and_free(forced: np.ndarray, free: np.ndarray) -> Curves:
    """The mean cost of each true symbol, by its place behind a true beginning, [places] each."""
    lines = {"fed with the text": forced.astype(np.float32), "fed with its own": free.astype(np.float32)}
    x = np.arange(1, len(forced) + 1, dtype=np.float32)
    return Curves(
        "With and without a teacher", x, lines, x_label="symbols behind a true beginning", y_label="nats",
        name="free_running",
    )  # fmt: skip


def shown(text: str) -> str:
    """A text in one line: a line's end is ⏎, other characters that have no form are ·."""
    return "".join("⏎" if each == "\n" else each if each.isprintable() else "·" for each in text)


def in_lines(text: str, most: int) -> list[str]:
    """The first lines of a text that are not empty, at most `most`."""
    lines = [shown(line) for line in text.split("\n")]
    return [line for line in lines if line.strip()][:most] or [""]
