"""A recipe as JSON, in which it is kept beside the weights of a run, and refused where it is none."""

from __future__ import annotations

import math
from typing import Any, get_args

from lab.data.data import TableRead, TargetKind
from lab.data.fitted import Fitted, numbers_from_json, numbers_to_json
from lab.data.recipe import Recipe
from lab.data.sequences import Sequences
from lab.data.tables.encoding import ReadColumn
from lab.data.tables.vocabulary import Split as Divided
from lab.data.target_scale import TargetScale, Transform


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON's values, which give the same bits again."""
    table = recipe.table
    return (
        {
            "kind": recipe.kind,
            "classes": list(recipe.classes),
            "shape": list(recipe.shape),
            "outputs": recipe.outputs,
            "usual": numbers_to_json(recipe.usual),
            "columns": None if table is None else [each.to_json() for each in table.columns],
            "time": None if table is None or table.time is None else table.time.to_json(),
            "target": [] if table is None else list(table.target),
            "written": {} if table is None else table.written,
            "names": [] if table is None or table.written.get("header") is not False else list(table.names),
            "missing": recipe.missing,
            "fillers": None if recipe.fillers is None else numbers_to_json(recipe.fillers),
            "steps": [each.to_json() for each in recipe.steps],
        }
        | _scale_to_json(recipe.target_scale)
        | (
            {}
            if recipe.sequences is None
            else {"sequence_length": recipe.sequences.length, "ahead": recipe.sequences.ahead}
        )
        | ({} if table is None or table.series is None else {"series": table.series})
        | ({"pixels": True} if recipe.pixels else {})
        | ({"levels": list(recipe.levels), "ignored": recipe.ignored} if recipe.levels else {})
    )


def recipe_from_json(content: dict[str, Any]) -> Recipe:
    """The recipe that was kept so. Raises ValueError for what is none."""
    try:
        table = None
        if content["columns"] is not None:
            columns = tuple(map(ReadColumn.from_json, content["columns"]))
            time = None if content.get("time") is None else ReadColumn.from_json(content["time"])
            target, names = tuple(content["target"]), tuple(content["names"])
            table = TableRead(columns, target, content["written"], names, time=time, series=content.get("series"))
        fillers = None if content["fillers"] is None else numbers_from_json(content["fillers"])
        found = Recipe(
            content["kind"],
            tuple(content["classes"]),
            tuple(content["shape"]),
            table,
            content["missing"],
            fillers,
            list(map(Fitted.from_json, content["steps"])),
            _scale_from_json(content),
            int(content["outputs"]),
            numbers_from_json(content["usual"]),
            Sequences(content["sequence_length"], content["ahead"]) if "sequence_length" in content else None,
            content.get("pixels", False) is True,
            tuple(map(str, content.get("levels", ()))),
            content.get("ignored"),
        )
        _refuse_misfits(found)
        return found
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no recipe: {error}") from None


def _refuse_misfits(recipe: Recipe) -> None:
    """Raises ValueError for a recipe from a file whose parts are not what they should be, or do not go together."""
    table, width = recipe.table, math.prod(recipe.shape)
    words = list(recipe.classes)
    if table is not None:
        words += [*table.target, *table.names, *([] if table.series is None else [table.series])]
        words += [*(word for each in table.columns for word in (each.name, *each.texts))]
    if not all(isinstance(each, str) for each in words) or recipe.kind not in get_args(TargetKind):
        raise ValueError("a name in it is no text")
    if recipe.pixels and (len(recipe.shape) != 3 or recipe.kind != "classes"):
        raise ValueError("its pixels have classes, but it is of no images")
    if recipe.kind == "objects" and (len(recipe.shape) != 3 or recipe.usual.shape != (len(recipe.classes) + 4,)):
        raise ValueError("objects are in images, and these are none")
    if recipe.levels and (len(recipe.levels) != recipe.outputs or not isinstance(recipe.ignored, str | None)):
        raise ValueError("its classes are not those of its masks")
    sizes = [*recipe.shape, *(() if recipe.sequences is None else vars(recipe.sequences).values())]
    if not recipe.shape or not all(type(each) is int and each > 0 for each in sizes):
        raise ValueError("its shape is no list of sizes")
    if table is not None and not all(type(each.embedding) is int and each.embedding >= 0 for each in table.columns):
        raise ValueError("a column of it has no whole number of learned numbers")
    if table is not None and not all(map(_is_well_read, table.columns)):
        raise ValueError("a column of it is read as no text is")
    if table is not None and any(each.tf_idf and len(each.rarity) != len(each.texts) for each in table.columns):
        raise ValueError("the words of a column do not all have a weight")
    if table is not None and len(recipe.shape) == 1 and sum(len(each.features) for each in table.columns) != width:
        raise ValueError("its columns give another number of features than it says")
    if recipe.fillers is not None and recipe.fillers.shape != (recipe.shape[0],):
        raise ValueError("what fills its gaps does not fit its features")
    for step in recipe.steps:
        shape = step.numbers.shape
        if step.operation == "project":
            fits = len(shape) == 2 and shape[0] == width
            width = shape[-1] if fits else width
        elif step.operation == "levels":
            fits = shape == (recipe.shape[-1], 256)
        elif step.operation == "greater_equal":
            fits = shape in ((), (1,))
        else:
            fits = shape in ((), (1,), (width,))
        if not fits:
            raise ValueError(f"its step {step.operation!r} does not fit its {width:,} features")
    scale = recipe.target_scale or TargetScale()
    if any(each is not None and each.shape != (recipe.outputs,) for each in (scale.mean, scale.deviation)):
        raise ValueError("the unit of its targets does not fit its outputs")


def _scale_to_json(scale: TargetScale | None) -> dict[str, Any]:
    scale = scale or TargetScale()
    found: dict[str, Any] = {
        name: None if numbers is None else numbers_to_json(numbers)
        for name, numbers in (("mean", scale.mean), ("deviation", scale.deviation))
    }
    return found if scale.transform is None else found | {"transform": scale.transform}


def _scale_from_json(content: dict[str, Any]) -> TargetScale | None:
    mean, deviation = (
        None if content[name] is None else numbers_from_json(content[name]) for name in ("mean", "deviation")
    )
    transform = content.get("transform")
    if transform not in (None, *get_args(Transform)):
        raise ValueError(f"its targets are transformed by {transform!r}, which is not known")
    return None if transform is None and mean is None else TargetScale(transform, mean, deviation)


def _is_well_read(column: ReadColumn) -> bool:
    """Whether what is said of how a text is read is possible."""
    counts = (column.tokens, column.length, column.min_count)
    named = column.split in get_args(Divided) and column.truncating in ("post", "pre")
    return named and all(type(each) is int and each >= 0 for each in counts) and not (column.tokens and column.words)
