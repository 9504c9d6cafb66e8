"""A published architecture as `lab describe` tells of it: its layers counted, beside the published figures."""

from __future__ import annotations

from typing import Any

from lab.cli.columns import aligned
from lab.cli.layer_tables import layer_as_json, shape, sums, sums_as_json, table, told, wrapped
from lab.tasks.published import counted, input_shape


class PublishedArchitecture:
    """A published one."""

    def __init__(self, name: str, given: str | None) -> None:
        self.name = name
        self.found, self.counts = counted(name, input_shape(given) if given is not None else None)
        self.as_published = self.counts.input == tuple(self.found.input)

    @property
    def title(self) -> str:
        return self.found.title

    def figures(self) -> list[dict[str, str]]:
        """The published figures beside what was counted; of multiply-adds, only for the input that they are for."""
        return [
            {
                "quantity": each.quantity,
                "figure": each.text,
                "source": each.source,
                "verdict": each.verdict(getattr(self.counts, each.quantity)),
            }
            for each in self.found.published
            if self.as_published
        ]

    def as_json(self, plan: bool) -> dict[str, Any]:
        return {
            "architecture": self.name,
            "title": self.title,
            "input": list(self.counts.input),
            "layers": [layer_as_json(each) for each in self.counts.layers],
            **sums_as_json(self.counts),
            "published": self.figures(),
        }

    def lines(self, every: bool, width: int) -> list[str]:
        layers = self.counts.layers if every else told(self.counts)
        lines = [f"{self.title}, input {shape(self.counts.input)}, {self.found.outputs:,} outputs"]
        lines += ["", *wrapped(self.found.about, width), "", *table(self.counts, layers), "", *sums(self.counts)]
        rows = [
            (each["quantity"].replace("_", "-"), _thousands(each["figure"]), each["verdict"], each["source"])
            for each in self.figures()
        ]
        if rows:
            lines += ["", *aligned([("published", "", "counted", ""), *rows])]
        if self.found.notes:
            lines += ["", *wrapped(self.found.notes, width)]
        return lines

    def print_plan(self, output: Any) -> None:
        """There is none: it is not trained here."""


def _thousands(figure: str) -> str:
    return f"{int(figure):,}" if figure.isdigit() else figure
