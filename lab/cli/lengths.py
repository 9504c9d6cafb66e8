"""`--epochs`: how long is trained, said in epochs, beside `--steps`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lab.errors import BadInput

if TYPE_CHECKING:
    from lab.scenario import Loaded

EpochsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1_000_000_000,
        help="Go so often through the training examples: --set train.epochs=N, in all variants.",
    ),
]

_LENGTHS = (("train", "steps"), ("train", "epochs"), ("train",))


def load_for(scenario: str, settings: dict[str, Any], steps: int | None, epochs: int | None) -> Loaded:
    """The scenario with some settings, and so many epochs in all its variants. Raises BadInput where both are said."""
    from lab.scenario import load

    if epochs is None:
        return load(scenario, settings)
    if steps is not None:
        raise BadInput("--steps and --epochs exclude each other: both say how long is trained.")
    settings = {key: value for key, value in settings.items() if key != "train.epochs"} | {"train.epochs": epochs}
    loaded = load(scenario, settings)
    own = [each.name for each in loaded.variants if any(change.path in _LENGTHS for change in each.changes)]
    return load(scenario, settings | {f"variants.{name}.train.epochs": epochs for name in own}) if own else loaded
