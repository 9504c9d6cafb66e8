"""What `lab evaluate` has to say, as lines for people and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lab.cli.columns import aligned
from lab.evaluation.against import Comparison
from lab.evaluation.examples import Judged
from lab.evaluation.judgement import Judgement, Score

Groups = Mapping[str, Sequence[tuple[str, Judgement]]]
MOST_CLASSES = 20
USUAL_WIDTH, NARROWEST = 100, 60
_WIDEST = 30
_COLUMNS = {
    "precision": "precision",
    "ap_at_half": "AP at 0.5",
    "ap_over_all": "AP 0.5-0.95",
    "recall": "recall",
    "wrong": "wrong boxes",
    "f1": "F1",
    "average_precision": "AP",
    "iou": "IoU",
}


def lines(
    name: str,
    found: Judged,
    groups: Groups,
    comparison: Comparison | None,
    other: str,
    worst: int,
    width: int = USUAL_WIDTH,
) -> list[str]:
    """For people; sentences and the rows of the worst mistakes take at most `width` columns."""
    told = [*judged(name, found, width), mistakes(found, worst, width)]
    told += [[f"By {column}:", *_groups(parts)] for column, parts in groups.items()]
    if comparison is not None:
        told.append(_comparison(name, other, comparison))
    return joined(told)


def joined(sections: Iterable[list[str]]) -> list[str]:
    """The lines of sections, with a blank line between any two."""
    return [line for section in sections if section for line in ("", *section)][1:]


def judged(name: str, found: Judged, width: int) -> list[list[str]]:
    """Sections on scores, classes, confusion and calibration; each table begins with its title or its header."""
    judgement = found.judgement
    intervals = f"Intervals: 95 %, from {judgement.samples:,} bootstrap samples of the {judgement.drawn}."
    told = [[f"{name}: {found.where}"], _scores(judgement.scores())]
    told.append([line for text in (_baseline(judgement), intervals) for line in textwrap.wrap(text, width)])
    if (len(judgement.made.names) > 1 or judgement.made.kind == "objects") and len(
        judgement.made.names
    ) <= MOST_CLASSES:
        told += _classes(judgement)
    return [*told, _calibration(judgement)]


def as_content(
    name: str, found: Judged, groups: Groups, comparison: Comparison | None, other: str, worst: int
) -> dict[str, Any]:
    """The same as JSON's values; what is not a number is null."""
    judgement = found.judgement
    calibration = judgement.calibration()
    keys = ("from", "to", "examples", "probability", "right")
    content: dict[str, Any] = {
        "model": name,
        "examples": len(judgement),
        "where": found.where,
        "scores": _content(judgement.scores()),
        "bootstrap_samples": judgement.samples,
        "classes": [
            {key: _finite(value) if isinstance(value, float) else value for key, value in each.items()}
            for each in judgement.of_classes()
        ],
        "confusion": None if judgement.confusion is None else judgement.confusion.tolist(),
        "calibration": None
        if calibration is None
        else {"bins": [dict(zip(keys, row, strict=True)) for row in calibration[0]], "expected_error": calibration[1]},
        "worst": [
            {
                judgement.place: int(judgement.places[row]),
                "true": judgement.truth(row),
                "answer": judgement.answer(row),
                "error": float(judgement.errors[row]),
                "row": found.cells(row),
            }
            for row in judgement.worst(worst).tolist()
        ],
        "groups": {
            column: [
                {"group": group, "examples": len(part), "scores": _content(part.scores())} for group, part in parts
            ]
            for column, parts in groups.items()
        },
    }
    if comparison is not None:
        content["against"] = {"model": other} | vars(comparison)
    return content


def _content(scores: list[Score]) -> list[dict[str, Any]]:
    return [
        {
            "score": each.name,
            "value": _finite(each.value),
            "interval": None if each.interval is None else list(each.interval),
            "baseline": _finite(each.baseline),
        }
        for each in scores
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "–"


def _range(bounds: tuple[float, float] | None) -> str:
    return "–" if bounds is None else f"{_number(bounds[0])} … {_number(bounds[1])}"


def _scores(scores: list[Score]) -> list[str]:
    rows = [[each.name, _number(each.value), _range(each.interval), _number(each.baseline)] for each in scores]
    return aligned([["", "network", "95 % interval", "baseline"], *rows], right=[1, 3])


def _baseline(judgement: Judgement) -> str:
    if judgement.last_known is not None:
        return "The baseline says that all stays as it was in the last row that is read."
    if judgement.made.kind == "values":
        return "The baseline knows only the targets of the training: it always answers their mean."
    if judgement.made.kind == "labels":
        return "The baseline knows only the targets of the training: how often each label applies."
    usual = judgement.made.names[int(judgement.usual[: len(judgement.made.names)].argmax())]
    if judgement.made.kind == "objects":
        return f"The baseline knows only the boxes of the training: in each image it says {usual}, at their mean place."
    if judgement.unit == "pixels":
        return f"The baseline knows only the masks of the training: it says {usual} of every pixel."
    return f"The baseline knows only the targets of the training: it always says {usual}, with their shares."


def _classes(judgement: Judgement) -> list[list[str]]:
    of_classes = judgement.of_classes()
    if not of_classes:
        return []
    scored = [key for key in of_classes[0] if key in _COLUMNS]
    rows = [
        [_short(each["class"]), f"{each['examples']:,}", *(_number(each[key]) for key in scored)] for each in of_classes
    ]
    head = ["label" if judgement.made.kind == "labels" else "class", judgement.unit, *(_COLUMNS[key] for key in scored)]
    of_each = aligned([head, *rows], right=list(range(1, len(head))))
    confusion = judgement.confusion
    if confusion is None:
        return [of_each]
    names = [_short(name, 12) for name in judgement.made.names]
    counts = zip(judgement.made.names, confusion.tolist(), strict=True)
    table = [[_short(name), *(f"{count:,}" for count in row)] for name, row in counts]
    counted = aligned([["", *names], *table], right=list(range(1, len(names) + 1)))
    return [of_each, ["Confusion (rows: what is true; columns: what was answered):", *counted]]


def _calibration(judgement: Judgement) -> list[str]:
    found = judgement.calibration()
    if found is None:
        return []
    rows = [
        [f"{low:.1f} … {high:.1f}", f"{count:,}", f"{sure:.3f}", f"{right:.3f}"]
        for low, high, count, sure, right in found[0]
    ]
    told = [f"Calibration (expected error {found[1]:.3f}):"]
    return told + aligned([["probability", "rows", "mean", "right"], *rows], right=[1, 2, 3])


def mistakes(found: Judged, count: int, width: int) -> list[str]:
    """The worst of them, with their rows as far as there is room; empty if there are none."""
    judgement = found.judgement
    chosen = judgement.worst(count).tolist()
    if not chosen:
        return []
    rows = []
    for row in chosen:
        cells = ", ".join(f"{key} {value}" for key, value in found.cells(row).items())
        place = f"{judgement.place} {int(judgement.places[row]):,}"
        rows.append([place, _short(judgement.truth(row)), _short(judgement.answer(row)), cells])
    table = aligned([["where", "true", "answer", "" if not rows[0][3] else "row"], *rows])
    return ["The worst mistakes:", *(_short(line, max(width, NARROWEST)) for line in table)]


def _groups(parts: Sequence[tuple[str, Judgement]]) -> list[str]:
    scores = [(group, len(part), part.scores()) for group, part in parts]
    shown = [each.name for each in scores[0][2]][:2] if scores else []
    rows = [
        [_short(group), f"{count:,}", *(f"{_number(each.value)} ({_range(each.interval)})" for each in found[:2])]
        for group, count, found in scores
    ]
    return aligned([["", "rows", *shown], *rows], right=[1])


def _comparison(name: str, other: str, found: Comparison) -> list[str]:
    told = [f"{name} against {other}, on the same rows:"]
    told.append(f"difference of {found.what}: {found.difference:+.4g} (95 % interval {_range(found.interval)})")
    if found.only_first is not None:
        told.append(f"right in only one of them: {found.only_first:,} against {found.only_second:,} rows")
    told.append(f"{found.test}: p = {found.p:.3g}")
    return told


def _short(text: str, width: int = _WIDEST) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
