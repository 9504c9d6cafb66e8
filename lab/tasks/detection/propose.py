"""`task: propose`: boxes in which an object might be are looked at, one after the other."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from lab.metrics.meaning import COUNT, SHARE
from lab.scenario import Scenario
from lab.tasks.detection.proposals.options import Proposals
from lab.tasks.detection.proposing import Proposing
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

METRICS = {
    "objects_found": SHARE.of(
        "of the objects of all images, those of which a box so far has at least the IoU `overlap` (recall of "
        "the boxes)",
        higher_is_better=True,
    ),
    "best_overlap": SHARE.of(
        "IoU of each object with the best box so far, mean over all objects", higher_is_better=True
    ),
    "boxes": COUNT.of(
        "boxes looked at so far, mean over the images; no more where an image has no further ones",
        higher_is_better=False,
    ),
    "multiply_adds": COUNT.of(
        "multiply-adds of convolutions and dense layers of the classifier `model` for all boxes of an image so far, "
        "each scaled to `crop` × `crop` pixels",
        higher_is_better=False,
    ),
}


class Options(Settings):
    """Settings of the task `propose`."""

    proposals: Proposals = Field(
        description="`{windows: {sizes: [12, 24]}}` or `{selective_search: {}}`.",
    )
    overlap: Real = Field(
        default=0.5, gt=0, le=1, description="The least IoU of an object and a box that counts as finding it."
    )
    crop: Whole = Field(
        default=16, ge=1, le=512, description="Height and width to which a box is scaled for the classifier `model`."
    )


@task("propose")
class Propose(Task):
    """Boxes in which an object might be, looked at one after the other in every image; nothing is trained.

    A step looks at one more box of each image. A box that has a large enough IoU with an object has found it. `model`,
    if there is one, is a classifier that would have to look at every box, and is only counted. `optimizer`, `init` and
    `batch` are not used.

    Paper: Uijlings, van de Sande, Gevers and Smeulders, "Selective search for object recognition", 2013.
    """

    Options = Options
    metrics = METRICS
    targets = "objects"
    counts_steps = True
    pictures = {
        "proposed_boxes": "images with their objects, the box that is looked at now, and those that found an object",
        "grouping": "of selective search the regions of the same images, each in its mean colour: segments at first, "
        "and with each step the most similar two are one; when all is one, those that were left when there was one for "
        "each object, and one more",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Proposing:
        return Proposing(scenario, seed, folder, self.options(scenario))
