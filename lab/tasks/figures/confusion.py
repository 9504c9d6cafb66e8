"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping

from kernels.metrics import count_confusions
from lab.graph import Tensor
from lab.graph.tensor import call
from lab.pictures import Picture, Table
from lab.tasks.figures.figure import Figure, shown_of_images
from lab.tasks.figures.snapshot import Snapshot

MOST_CLASSES = 20


class Confusion(Figure, name="confusion"):
    """A row for each class, a column for each answer: how many images of the one were taken for the other, of the
    validation set if something of it is watched, else of the evaluation sample."""

    rank = 8

    def fits(self) -> bool:
        return shown_of_images(self) and len(self.inspection.split.train.classes) <= MOST_CLASSES

    def records(self) -> Mapping[str, Tensor]:
        answers, targets = self._measured
        return {"counts": call(count_confusions, answers, targets).result}

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        classes = self.inspection.split.train.classes
        where = "held back" if self.inspection.measured.validation_answers is not None else "of the evaluation sample"
        title = f"What is taken for what, examples {where}"
        counts = snapshot.history("counts")[1]
        short = [short_name(name, classes) for name in classes]
        columns = ("is, answered", *short, "right")
        if not len(counts):
            return [Table(title, columns, tuple((name, *[""] * (len(classes) + 1)) for name in classes))]
        rows = []
        for number, (name, row) in enumerate(zip(classes, counts[-1], strict=True)):
            cells = [f"{int(each)}" if each else "·" for each in row]
            share = f"{100 * row[number] / row.sum():.0f} %" if row.sum() else ""
            rows.append((name, *cells, share))
        return [Table(title, columns, tuple(rows))]

    @property
    def _measured(self) -> tuple[Tensor, Tensor]:
        measured = self.inspection.measured
        if measured.validation_answers is not None and measured.validation_targets is not None:
            return measured.validation_answers, measured.validation_targets
        assert measured.answers is not None
        assert measured.targets is not None
        return measured.answers, measured.targets


def short_name(name: str, classes: tuple[str, ...]) -> str:
    """The first letters of a name, as many as tell it from the others, at least three."""
    for length in range(3, len(name)):
        if sum(each[:length] == name[:length] for each in classes) == 1:
            return name[:length].rstrip()
    return name
