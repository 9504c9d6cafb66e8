"""`lab sample RUN`: what a trained language model writes."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

USUAL = 0.8
"""The temperature of samples, as in `options.temperature` of a scenario."""


def command(
    run: Annotated[str, typer.Argument(help="The run's name, a unique beginning, latest, or a .safetensors file.")],
    primer: Annotated[str | None, typer.Option(help="The text it goes on from; default: the end of a line.")] = None,
    length: Annotated[int, typer.Option(min=1, max=1_000_000, help="Characters (or words) to write.")] = 500,
    temperature: Annotated[
        float | None,
        typer.Option(help="Divides the logits before softmax: below 1 the likely get likelier (0.8)."),
    ] = None,
    argmax: Annotated[bool, typer.Option("--argmax", help="Take the likeliest symbol each time.")] = False,
    top_k: Annotated[int | None, typer.Option(min=1, help="Draw only among so many likeliest symbols.")] = None,
    random_seed: Annotated[int, typer.Option(min=0, help="Another number draws another text.")] = 0,
    variant: Annotated[str | None, typer.Option(help="The network of this variant; default: the best.")] = None,
    seed: Annotated[int | None, typer.Option(help="The network of this seed; default: the best.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Primer and text, as JSON.")] = False,
) -> None:
    """What a trained language model writes, character by character: the primer, and how it goes on.

    Which network was taken of several is said on stderr.
    """
    from lab.errors import BadInput
    from lab.evaluation.choosing import language_model_of
    from lab.store import Store
    from lab.tasks.sequences.sampling import Choice

    if argmax and (temperature is not None or top_k is not None):
        raise BadInput("--argmax takes the likeliest symbol: --temperature and --top-k say how to draw one instead.")
    if temperature is not None and not 0 < temperature <= 100:
        raise BadInput(
            f"--temperature must be above 0 and at most 100, not {temperature:g}; --argmax takes the likeliest symbol."
        )
    choice = Choice(None) if argmax else Choice(USUAL if temperature is None else temperature, top_k)
    with Store.open() as store:
        model, told = language_model_of(store, run, variant, seed)
    pieces = model.write(primer, length, choice, random_seed)
    if told:
        print(told, file=sys.stderr)
    if as_json:
        print(json.dumps({"primer": primer or "", "text": "".join(pieces)}, ensure_ascii=False))
        return
    sys.stdout.write(primer or "")
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
