"""Which examples are trained on, and which are held back."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from lab.data.data import Data, Split
from lab.data.images.pixels import Pixels
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large
from lab.data.options import Options, WithClasses, WithTruth
from lab.data.randomness import generator
from lab.errors import InvalidValue


def split(options: Options, given: Data | Split, seed: int) -> Split:
    """Takes the validation examples out, then thins, mislabels and repeats what is trained on, as the options say.

    given: the examples; or, of a published set, those to train on and those that it holds back itself. These become
           the validation, or, if a share of the others is to be that, the test.
    The examples stay in the order of the data. Raises InvalidValue if a part would be empty.
    """
    random = generator(seed, "split")
    data, own = (given.train, given.validation) if isinstance(given, Split) else (given, None)
    kept, validation = np.arange(data.count), None
    if options.validation > 0 or options.folds is not None:
        kept, held_back = _parts(options, data, random)
        validation = data.rows(held_back)
        if isinstance(options, WithTruth) and options.clean_validation and validation.truth is not None:
            validation = replace(validation, targets=validation.truth)
    else:
        validation, own = own, None
    if options.examples is not None:
        if options.examples > len(kept):
            message = f"{options.examples:,} is not allowed here: there are only {len(kept):,} training examples."
            raise InvalidValue(("examples",), message)
        kept = kept[_drawn(_groups(options, data, kept), options.examples, random)]
    train = data.rows(kept)
    if isinstance(options, WithClasses) and options.label_noise > 0:
        if train.kind != "classes":
            raise InvalidValue(("label_noise",), f"the targets are {train.kind}, not classes.")
        train = _mislabelled(train, options.label_noise, generator(seed, "label noise"))
    if options.copies > 1:
        what = f"{options.copies:,} copies of {train.count:,} examples"
        each = 1 if isinstance(train.inputs, Pixels) else train.inputs.size // train.count  # of images, their place
        refuse_if_too_large(("copies",), what, options.copies * train.count * each * BYTES_PER_NUMBER)
        train = train.rows(np.tile(np.arange(train.count), options.copies))
    return Split(train, validation, own)


def _parts(options: Options, data: Data, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which examples are trained on, and which are held back."""
    if data.groups is None:
        return _fold(options, data, random) if options.folds else _held_back(options, data, random)
    # Groups are drawn as examples are, each as a whole.
    count = int(data.groups.max()) + 1
    if count < 2:
        raise InvalidValue(("split_by_group",), "all rows are of one group, which cannot be split.")
    _, first = np.unique(data.groups, return_index=True)
    whole = replace(data.rows(first), kind="values", targets=np.zeros((count, 1)), truth=None, order=None, groups=None)
    _, chosen = _fold(options, whole, random) if options.folds else _held_back(options, whole, random)
    held_back = np.isin(data.groups, chosen)
    return np.flatnonzero(~held_back), np.flatnonzero(held_back)


def _fold(options: Options, data: Data, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One of the folds against the rest; every example is in exactly one fold, every class spread over all of them."""
    folds = options.folds
    assert folds is not None
    if options.validation > 0:
        raise InvalidValue(("folds",), "folds and validation exclude each other: the held-back fold is the validation.")
    if options.fold >= folds:
        raise InvalidValue(("fold",), f"{options.fold} is not allowed here: the {folds} folds are 0 to {folds - 1}.")
    if folds > data.count:
        raise InvalidValue(("folds",), f"{folds} is not allowed here: there are only {data.count:,} examples.")
    order = random.permutation(data.count)
    order = order[np.argsort(_groups(options, data, np.arange(data.count))[order], kind="stable")]
    number = np.empty(data.count, np.int64)
    number[order] = np.arange(data.count) % folds
    return np.flatnonzero(number != options.fold), np.flatnonzero(number == options.fold)


def _held_back(options: Options, data: Data, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    count = round(options.validation * data.count)
    if not 0 < count < data.count:
        part = "validation" if count == 0 else "training"
        message = f"{options.validation:g} of {data.count:,} examples leaves none for {part}."
        raise InvalidValue(("validation",), message)
    if data.series is not None:
        is_last = _last_of_each_series(data, options.validation)
        return np.flatnonzero(~is_last), np.flatnonzero(is_last)
    if data.order is not None:
        last = np.argsort(data.order, kind="stable")[data.count - count :]
        is_last = np.isin(np.arange(data.count), last)
        return np.flatnonzero(~is_last), np.flatnonzero(is_last)
    groups = _groups(options, data, np.arange(data.count))
    held_back = np.zeros(data.count, bool)
    held_back[_drawn(groups, count, random)] = True
    # What is never seen in training cannot be learned: the last example of a class stays there.
    number = np.bincount(groups)
    for group in np.flatnonzero((number > 0) & (number == np.bincount(groups[held_back], minlength=len(number)))):
        held_back[np.flatnonzero(groups == group)[0]] = False
    if not held_back.any():
        message = f"{options.validation:g} of {data.count:,} examples leaves none for validation: each class needs one."
        raise InvalidValue(("validation",), message)
    return np.flatnonzero(~held_back), np.flatnonzero(held_back)


def _last_of_each_series(data: Data, share: float) -> np.ndarray:
    """Whether each row is among the last ones of its series, this share of them. Raises InvalidValue if none is."""
    assert data.series is not None
    order = np.arange(data.count) if data.order is None else data.order
    is_last = np.zeros(data.count, bool)
    together = np.lexsort((order, data.series))
    starts = np.flatnonzero(np.diff(np.unique(data.series, return_inverse=True)[1][together], prepend=-1))
    for first, end in itertools.pairwise([*starts.tolist(), data.count]):
        is_last[together[end - round(share * (end - first)) : end]] = True
    if not is_last.any():
        message = f"{share:g} of each series, of at most {int(np.diff([*starts, data.count]).max()):,} rows, is none."
        raise InvalidValue(("validation",), message)
    return is_last


def _groups(options: Options, data: Data, rows: np.ndarray) -> np.ndarray:
    """The class of each example; all the same where the classes do not matter, or there are none."""
    one_each = data.kind == "classes" and data.targets.ndim == 1
    return data.targets[rows] if one_each and options.stratified else np.zeros(len(rows), np.int64)


def _drawn(groups: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """`count` sorted indices, at random, of each group its share to within one example.

    Systematic sampling: the examples are shuffled, sorted by group, and drawn at equal distances.
    """
    if count == len(groups):
        return np.arange(count)
    order = random.permutation(len(groups))
    order = order[np.argsort(groups[order], kind="stable")]
    places = ((np.arange(count) + random.random()) * (len(groups) / count)).astype(np.int64)
    return np.sort(order[np.minimum(places, len(groups) - 1)])


def _mislabelled(data: Data, share: float, random: np.random.Generator) -> Data:
    chosen = random.permutation(data.count)[: round(share * data.count)]
    targets = data.targets.copy()
    # A shift by 1 to classes - 1 always leads to another class.
    shift = random.integers(1, len(data.classes), size=len(chosen))
    targets[chosen] = (targets[chosen] + shift) % len(data.classes)
    return replace(data, targets=targets)
