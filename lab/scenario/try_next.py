"""What a lesson suggests to try after its run: a sentence, and what is changed. Each can be run as it stands."""

from __future__ import annotations

import shlex
from typing import Any

from pydantic import Field, model_validator

from lab.scenario.writing import flow
from lab.validation import Settings, Whole


class Try(Settings):
    """A changed run to try next."""

    says: str = Field(min_length=1, description="What is changed, and what to look for, in a sentence.")
    set: dict[str, Any] = Field(
        default_factory=dict, description="Values by dotted path, as `--set` takes them: `{optimizer.rate: 0.5}`."
    )
    seeds: Whole | None = Field(default=None, ge=1, le=100, description="On so many seeds.")
    steps: Whole | None = Field(default=None, ge=1, le=1_000_000, description="With so many steps.")
    only: list[str] = Field(default_factory=list, description="Only these variants.")

    @model_validator(mode="after")
    def _something_is_changed(self) -> Try:
        if not (self.set or self.seeds or self.steps or self.only):
            raise ValueError("nothing is changed here: add `set`, `seeds`, `steps` or `only`.")
        return self

    def command(self, source: str) -> str:
        """The `lab run` line that does it. source: the slug or file of the scenario."""
        words = ["lab", "run", source]
        for path, value in self.set.items():
            words += ["--set", f"{path}={flow(value)}"]
        for name in self.only:
            words += ["--variant", name]
        words += ["--seeds", str(self.seeds)] if self.seeds else []
        words += ["--steps", str(self.steps)] if self.steps else []
        return shlex.join(words)
