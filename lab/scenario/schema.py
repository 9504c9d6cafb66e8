"""The JSON Schema of scenario files, made from the model's own descriptions."""

from __future__ import annotations

from typing import Any

from lab.scenario.model import Scenario


def json_schema() -> dict[str, Any]:
    """The schema as plain values (JSON Schema 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
