"""JSON: one object with everything that is known about a run. NaN and infinities are "nan", "inf" and "-inf"."""

from __future__ import annotations

import dataclasses
import json
from typing import IO, Any

from lab.events import number_to_json
from lab.exports.selection import Selection
from lab.store.information import to_json

KIND, SUFFIX = "text", ".json"


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes `{"run": …, "curves": […], "claims": […]}`; a curve has variant, seed, metric, steps and values, and
    in a sweep the trial's settings."""
    curves: list[dict[str, Any]] = []
    for table in selection.tables():
        settings = selection.info.settings.get(table.variant)
        for metric, (steps, values) in table.curves().items():
            curves.append(
                {
                    "variant": table.variant,
                    **({} if settings is None else {"settings": settings}),
                    "seed": table.seed,
                    "metric": metric,
                    "steps": steps.tolist(),
                    "values": [number_to_json(value) for value in values.tolist()],
                }
            )
    claims = [dataclasses.asdict(claim) for claim in selection.store.claims(selection.info.name)]
    run = {**to_json(selection.info), "text": selection.info.text}
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
    for piece in encoder.iterencode({"run": run, "curves": curves, "claims": claims}):
        stream.write(piece.encode())
    stream.write(b"\n")
