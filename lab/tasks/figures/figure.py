"""What a figure is: one kind of picture of a network in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from lab.data.images.pixels import Pixels
from lab.discovery import modules_of
from lab.errors import InvalidValue, nearest
from lab.graph import Tensor
from lab.pictures import Picture
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.attributions import METHODS
from lab.tasks.training.inspection import Inspection
from lab.validation import Settings, Whole

FIGURES: dict[str, type[Figure]] = {}


class Figure:
    """Base of all figures: `class DeadUnits(Figure, name="dead_units")`. One instance serves one replica.

    name: what `options.pictures` calls it
    rank: its place among the pictures that are shown where nothing is chosen; None: shown only when chosen
    """

    name: ClassVar[str]
    rank: ClassVar[int | None] = None

    def __init_subclass__(cls, name: str, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.name = name
        FIGURES[name] = cls

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection

    def fits(self) -> bool:
        """Whether this network and its data have what the picture shows; it is left out otherwise."""
        return True

    def records(self) -> Mapping[str, Tensor]:
        """Tensors of any shape whose numbers are to be kept at every measurement, for `snapshot.history(name)`.

        Called once while the measuring program is built: parameters, outputs of `inspection.evaluated_layers`, or
        calls of kernels on them.
        """
        return {}

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        """The pictures now; the same titles in the same order every time. Leaves the replica as it is."""
        raise NotImplementedError


def shown_of_images(figure: Figure) -> bool:
    """Whether a picture of images that are told apart has something to show: unasked of those that stay bytes, which
    photographs do; of others where the picture was chosen."""
    data = figure.inspection.split.train
    if data.image_shape is None or data.kind != "classes" or data.targets.ndim != 1:
        return False
    chosen = figure.inspection.scenario.options.get("pictures") or ()
    return isinstance(data.inputs, Pixels) or figure.name in chosen


class FigureOptions(Settings):
    """Base for the options of tasks that train a network: the choice of pictures."""

    pictures: list[str] | None = Field(
        default=None, max_length=20, description="Which pictures to show, in this order, instead of all that fit."
    )
    attribution_methods: list[Literal[*METHODS]] | None = Field(  # type: ignore[valid-type]
        default=None,
        min_length=1,
        description="Of which methods, in this order, the pictures that compare maps and the metrics of maps are; all.",
    )
    occlusion_patch: Whole | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Height and width in pixels of the grey squares of the picture and the metrics `occlusion`; a "
        "quarter of an image's shorter side.",
    )

    @field_validator("pictures")
    @classmethod
    def _known(cls, pictures: list[str] | None) -> list[str] | None:
        for number, name in enumerate(pictures or []):
            if name not in load_figures():
                raise InvalidValue(("pictures", number), f"there is no picture {name!r}; {nearest(name, FIGURES)}.")
            if name in (pictures or [])[:number]:
                raise InvalidValue(("pictures", number), f"{name!r} is there twice.")
        return pictures

    @property
    def picture_names(self) -> tuple[str, ...]:
        """The names of the figures that are drawn if they fit, in their order."""
        if self.pictures is not None:
            return tuple(self.pictures)
        ranks = {name: kind.rank for name, kind in load_figures().items() if kind.rank is not None}
        return tuple(sorted(ranks, key=lambda name: ranks[name]))


def load_figures() -> dict[str, type[Figure]]:
    """Every figure by name; imports every file of this folder once."""
    modules_of("lab.tasks.figures")
    return FIGURES
