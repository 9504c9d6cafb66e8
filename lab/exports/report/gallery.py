"""The last pictures of a run: those of all variants under each title, of one seed."""

from __future__ import annotations

from lab.events import PictureTaken
from lab.exports.report.markup import colour, escape
from lab.exports.report.pictures import render
from lab.terminal.palettes import letter
from lab.terminal.run_state import RunState


def gallery(run_state: RunState) -> str:
    """By title the newest picture of each variant, of the first seed that has any; it is said of how many."""
    variants = run_state.variants
    by_title: dict[str, list[PictureTaken]] = {}
    for taken in run_state.pictures.values():
        by_title.setdefault(taken.picture.title, []).append(taken)
    parts = []
    for title, all_of_them in by_title.items():
        first: dict[str, PictureTaken] = {}
        for taken in sorted(all_of_them, key=lambda each: each.seed):
            first.setdefault(taken.variant, taken)
        shown = sorted(first.values(), key=lambda each: variants.index(each.variant))
        drawn = "".join(_one(each, variants.index(each.variant), len(variants) > 1) for each in shown)
        parts.append(f'<h3>{escape(title)}</h3><div class="plots">{drawn}</div>')
    seeds = {taken.seed for taken in run_state.pictures.values()}
    if len(seeds) > 1:
        parts.append(f'<p class="note">Pictures of seed {min(seeds)}, one of {len(seeds)} seeds.</p>')
    return "".join(parts)


def _one(taken: PictureTaken, number: int, several: bool) -> str:
    name = (
        f'<b style="color:{colour(number, "variants")}">{letter(number)}</b> {escape(taken.variant)}, '
        if several
        else ""
    )
    return f"<figure>{render(taken.picture)}<figcaption>{name}step {taken.step:,}</figcaption></figure>"
