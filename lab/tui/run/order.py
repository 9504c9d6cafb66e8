"""In which order a board shows what there is: what decides the lesson first, then curves and pictures in turn."""

from __future__ import annotations

from collections.abc import Sequence

from lab.scenario.decisive import Decisive
from lab.tui.run.view_options import PROFILES, TileContent

_TURNS = ("picture", "metric", "metric", "metric", "picture", "metric", "picture", "picture")
"""In which order curves and pictures take the places behind the first one."""
_JOINED = ", "


def in_short(decisive: Decisive) -> list[str]:
    """The metrics of which one line tells how each variant ended, the first that was measured: of one that the scenario
    shows across layers, and that no network has as a whole, the last layer that its plots have together, or its claims
    speak of."""
    names = []
    for name in decisive.first:
        base = next((name.removesuffix(each) for each in PROFILES.values() if name.endswith(each)), None)
        if base is None:
            names.append(name)
            continue
        own = [each for group in decisive.together for each in group if each.startswith(f"{base}.")]
        names += [base, *own[-1:]]
    return [*names, *decisive.metrics, "loss"]


def together(metrics: Sequence[str]) -> TileContent:
    """One plot for each variant, with the curves of several metrics."""
    return TileContent("together", _JOINED.join(metrics))


def metrics_of(subject: TileContent) -> list[str]:
    """The metrics of a plot."""
    return subject.name.split(_JOINED) if subject.kind == "together" else [subject.name]


def alike(subject: TileContent) -> bool:
    """Whether its metrics are of one thing, as a word in all their names says: `loss` and `val_loss`, not the rate."""
    return bool(set.intersection(*(set(each.split("_")) for each in metrics_of(subject))))


def ordered(decisive: Decisive, metrics: Sequence[str], pictures: Sequence[tuple[str, str]]) -> list[TileContent]:
    """All subjects, the most telling first.

    metrics: what was measured, or will be;  pictures: (name, title) of each
    """
    curves: list[TileContent] = []
    for metric in dict.fromkeys((*(each for each in decisive.metrics if each in metrics), *metrics)):
        group = next((each for each in decisive.together if metric in each), None)
        whole = group is not None and all(each in metrics or "." in each for each in group)
        subject = together(group) if group is not None and whole else TileContent("metric", metric)
        if subject not in curves:
            curves.append(subject)
    waiting = {"metric": curves, "picture": [TileContent("picture", title) for _, title in pictures]}
    found = [each for name in decisive.first for each in _named(name, curves, pictures)]
    if not found and curves:
        found = [curves[0]]
    waiting = {kind: [each for each in some if each not in found] for kind, some in waiting.items()}
    for kind in _TURNS:
        if waiting[kind]:
            found.append(waiting[kind].pop(0))
    return list(dict.fromkeys([*found, *waiting["metric"], *waiting["picture"]]))


def _named(name: str, curves: Sequence[TileContent], pictures: Sequence[tuple[str, str]]) -> list[TileContent]:
    """What a scenario calls by this name: a picture, or a metric alone, by layer, across layers or with others."""
    for kind, ending in PROFILES.items():
        if name.endswith(ending):
            return [TileContent(kind, name.removesuffix(ending))]
    for own, title in pictures:
        if own == name:
            return [TileContent("picture", title)]
    found = [each for each in curves if name in metrics_of(each)]
    return found or ([TileContent("metric", name)] if "." in name else [])
