"""Columns of text as sequences of tokens: which ones are known, how long the sequences are, and what is told of it.

What Keras' `TextVectorization` does (0 is padding, 1 an unknown token, then known ones, the most frequent first), from
the training examples alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lab.data.tables.columns import Column
from lab.data.tables.encoding import AsText, ReadColumn, cells_of
from lab.data.tables.vocabulary import tokens_in
from lab.errors import InvalidValue

if TYPE_CHECKING:
    from lab.data.tables.options import TableOptions


def with_tokens(column: ReadColumn, cells: Sequence[str]) -> ReadColumn:
    """The column with the tokens that are known from these texts, and the length of its sequences. Raises InvalidValue
    if none is known."""
    read = [tokens_in(cell, column.split) for cell in cells]
    counts = Counter(token for tokens in read for token in tokens)
    known = sorted(
        (token for token in counts if counts[token] >= column.min_count), key=lambda each: (-counts[each], each)
    )
    if not known:
        often = "" if column.min_count == 1 else f" that is there {column.min_count} times: say `min_count: 1`"
        raise InvalidValue(("columns", column.name), f"the training rows have no {column.split}{often}.")
    longest = max(1, max(map(len, read), default=1))
    return replace(column, texts=tuple(known[: column.tokens]), length=column.length or longest)


FEWEST_LONG = 6
"""A text of fewer words is hardly read in their order."""
MOST_KNOWN, WHOLE, LONGEST = 5000, 0.95, 400
"""What is suggested: so many tokens known, a length with room for this share of the texts, but no longer than this."""


def suggested(cells: Sequence[str]) -> dict[str, int] | None:
    """How a column of long texts would be read as tokens; None where they are not long."""
    counts = [len(tokens_in(cell)) for cell in cells]
    if not counts or float(np.median(counts)) < FEWEST_LONG:
        return None
    return {"tokens": MOST_KNOWN, "length": min(LONGEST, int(np.quantile(counts, WHOLE, method="higher")))}


def refuse_beside_tokens(columns: Sequence[ReadColumn], options: TableOptions) -> None:
    """Raise InvalidValue where a text is read as tokens, and something else would be beside them."""
    name = next((each.name for each in columns if each.tokens), None)
    if name is None:
        return
    if options.sequence_length is not None:
        raise InvalidValue(
            ("columns", name), "its tokens are a sequence, and rows cannot be another one: leave out `sequence_length`."
        )
    if others := [each.name for each in columns if each.name != name]:
        told = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
        raise InvalidValue(
            ("columns", name),
            f"is read as a sequence of tokens, beside which no other column can be read ({told}): say "
            f"`features: [{name}]`.",
        )


def told_text(column: Column, text: AsText) -> str:
    """How a column of texts is read, in a sentence."""
    if not text.tokens:
        how = ", rare ones counting for more" if text.tf_idf else ""
        return f"Words of {column.name} have a feature each, at most {text.words:,} of the training rows{how}."
    noun = "characters" if text.split == "character" else "words"
    told = (
        f"{column.name} is a sequence of {noun}, of which at most {text.tokens:,} are known, those of the training rows"
    )
    told += f" that are there {text.min_count} times or more" if text.min_count > 1 else ""
    if not text.length:
        return f"{told}."
    cut = sum(len(tokens_in(cell, text.split)) > text.length for cell in cells_of(column))
    end = "end" if text.truncating == "post" else "beginning"
    rows = "no row is" if not cut else "1 row is" if cut == 1 else f"{cut:,} rows are"
    return f"{told}; {rows} longer than {text.length:,} and cut at the {end}."
