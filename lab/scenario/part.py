"""The base of everything in a scenario file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of everything in a scenario file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
