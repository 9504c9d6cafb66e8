"""Columns of text as inputs: the words of each cell counted, as scikit-learn does (`CountVectorizer`,
`TfidfVectorizer`), or its tokens in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lab.data.data import Data, Split
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large
from lab.data.tables.encoding import ReadColumn
from lab.data.tables.tokens import with_tokens
from lab.data.tables.vocabulary import words_in
from lab.errors import InvalidValue


def with_vocabularies(parts: Split) -> Split:
    """All parts, in which each column that is read as words has a feature for each word of its vocabulary, the most
    frequent words of the training examples in the order of the alphabet, and each that is read as tokens a feature for
    each place of a sequence. Parts without such columns stay as they are.

    Raises InvalidValue if there is no word, or the features would not fit into memory.
    """
    table = parts.train.table
    if table is None or parts.train.texts is None:
        return parts
    at = [number for number, each in enumerate(table.columns) if each.is_text]
    columns = list(table.columns)
    for number, cells in zip(at, parts.train.texts.T, strict=True):
        columns[number] = fitted(columns[number], cells.tolist())
    added = sum(len(columns[number].features) for number in at)
    total = sum(part.count for part in (parts.train, parts.validation, parts.test) if part is not None)
    what = f"{total:,} rows with {added:,} {'tokens' if columns[at[0]].tokens else 'words, most of them 0,'}"
    refuse_if_too_large(("columns", columns[at[0]].name), what, total * added * BYTES_PER_NUMBER)
    read = replace(table, columns=tuple(columns))
    names = tuple(name for each in columns for name in each.features)

    def with_words(data: Data) -> Data:
        assert data.texts is not None
        pieces, done = [], 0
        for number, each in enumerate(columns):
            if number in at:
                pieces.append(counted(each, data.texts[:, at.index(number)].tolist()))
            else:
                width = len(each.features)
                pieces.append(np.asarray(data.inputs)[:, done : done + width])
                done += width
        return replace(data, inputs=np.concatenate(pieces, axis=1), features=names, table=read)

    return parts.changed(with_words)


def fitted(column: ReadColumn, cells: Sequence[str]) -> ReadColumn:
    """The column with its vocabulary, and how much each word counts. Raises InvalidValue if there is no word."""
    if column.tokens:
        return with_tokens(column, cells)
    counts: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for cell in cells:
        words = words_in(cell)
        counts.update(words)
        within.update(set(words))
    if not counts:
        raise InvalidValue(("columns", column.name), "there is no word of two letters or more in the training rows.")
    assert column.words
    most = sorted(counts, key=lambda word: (-counts[word], word))[: column.words]
    texts = tuple(sorted(most))
    if not column.tf_idf:
        return replace(column, texts=texts)
    # As if there were one more row with every word, so that no word has the weight 0.
    rarity = np.log((1 + len(cells)) / (1 + np.array([within[word] for word in texts]))) + 1
    return replace(column, texts=texts, rarity=tuple(rarity.tolist()))


def counted(column: ReadColumn, cells: Sequence[str]) -> np.ndarray:
    """The features of a column of texts, float64 [rows, features]."""
    made = np.zeros((len(cells), len(column.features)), np.float64)
    column.fill_texts(made, cells)
    return made
