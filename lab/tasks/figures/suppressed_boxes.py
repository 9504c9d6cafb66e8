"""Non-maximum suppression on one image, box by box."""

from __future__ import annotations

import numpy as np

from lab.pictures import Images, Picture, Table
from lab.tasks.figures.detected_objects import looked_at, rows, selected
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot

ROWS = 16
KEPT, SUPPRESSED = 0, 1


class SuppressedBoxes(Figure, name="suppressed_boxes"):
    """Non-maximum suppression on the first image that is held back: all boxes whose score is high enough, then those
    that are kept; and a list, best score first, of what becomes of each: it is kept, or it gives way to one of its
    class that was kept before, if their IoU is above `options.overlap`."""

    def fits(self) -> bool:
        return self.inspection.detection is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        sample, judged, _ = looked_at(self.inspection, snapshot, 1)
        chosen = selected(self.inspection, snapshot, 1)
        candidates = chosen.candidates
        order = candidates.ranked()
        place = {number: rank + 1 for rank, number in enumerate(order.tolist())}
        kept = np.zeros(candidates.count, bool)
        kept[chosen.kept] = True
        lines = []
        for number in order[:ROWS].tolist():
            by = int(chosen.by[number])
            lines.append(
                (
                    f"{place[number]}",
                    f"{candidates.scores[number]:.2f}",
                    sample.classes[candidates.classes[number]],
                    "kept" if kept[number] else f"gives way to {place[by]}" if by >= 0 else "not looked at",
                    f"{chosen.overlap[number]:.2f}" if by >= 0 else "",
                )
            )
        image = pictures_of(sample, np.zeros(2, int))
        before = rows(SUPPRESSED, np.zeros(candidates.count, int)[~kept], candidates.boxes[~kept])
        both = np.repeat([0, 1], kept.sum())
        after = rows(KEPT, both, np.tile(candidates.boxes[kept], (2, 1)))
        return [
            Images(
                "Before and after non-maximum suppression",
                image,
                (f"{candidates.count} boxes", f"{int(kept.sum())} kept"),
                outlines=("kept", "gives way"),
                boxes=np.concatenate([before, after]),
            ),
            Table(
                f"Boxes of this image, best score first; gives way above IoU {judged.overlap:g}",
                ("rank", "score", "class", "what becomes of it", "IoU"),
                tuple(lines),
            ),
        ]
