"""Pictures of boxes and lines as SVG: a graph, and a network. Where everything stands is decided as in the terminal."""

from __future__ import annotations

import numpy as np

from lab.exports.report import markup
from lab.pictures import Diagram, Network
from lab.terminal.graph_layout import BoxSize, lay_out
from lab.terminal.numbers import short
from lab.terminal.pictures.network import places_of, reach, segments

_ACROSS, _DOWN = 7.4, 17.0
"""Pixels of a character, in which a layout counts."""
_MOST_BOXES, _MOST_LINES = 60, 4000
_WIDEST = 4.0


def diagram(picture: Diagram) -> str:
    """Boxes from left to right with label, value and gradient; a table where there are too many."""
    if len(picture.nodes) > _MOST_BOXES:
        into: dict[str, list[str]] = {}
        for source, target in picture.edges:
            into.setdefault(target, []).append(source)
        rows = [
            (label, ", ".join(into.get(name, ())), value, gradient) for name, label, value, gradient in picture.nodes
        ]
        return markup.table(("node", "from", "value", "gradient"), rows)
    texts = {
        name: [text for text in (label, value, f"∇ {gradient}" if gradient else "") if text]
        for name, label, value, gradient in picture.nodes
    }
    sizes = {name: BoxSize(max(map(len, each), default=1) + 2, len(each) + 1, 1) for name, each in texts.items()}
    layout = lay_out(sizes, picture.edges, gap=1)
    parts = []
    for _, corners in layout.routes:
        points = (np.array(corners, dtype=np.float64) + 0.5) * (_ACROSS, _DOWN)
        parts.append(markup.line(points, "var(--muted)", 1.2))
    for name, (along, across) in layout.boxes.items():
        size = sizes[name]
        x, y, wide, high = along * _ACROSS, across * _DOWN, size.along * _ACROSS, size.across * _DOWN
        parts.append(f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="4"/>')
        for number, text in enumerate(texts[name]):
            ink = "" if number == 0 else "var(--bad)" if text.startswith("∇") else "var(--good)"
            parts.append(markup.words(x + wide / 2, y + _DOWN * (number + 1) + 1, text, "cell", "middle", ink))
    note = '<p class="note">value, ∇ gradient</p>' if any(node[3] for node in picture.nodes) else ""
    drawn = markup.drawing(layout.along * _ACROSS + 2, layout.across * _DOWN + 2, picture.title, "".join(parts))
    return f'<div class="wide">{drawn}</div>{note}'


def network(picture: Network) -> str:
    """Units in columns and a line for each number: its sign as colour, its size as width and strength."""
    wide, high = 620.0, min(560.0, max(160.0, 22.0 * max(picture.layers.values(), default=1)))
    places, largest = places_of(picture), picture.scales.get(picture.shows) or reach(picture)
    ends, values = segments(picture, places)
    sizes = np.abs(values)
    order = np.argsort(sizes)[-_MOST_LINES:]  # the largest in front
    parts = []
    for number in order.tolist():
        share = min(1.0, float(sizes[number]) / largest) if largest else 0.0
        if share < 0.01:
            continue
        x0, y0, x1, y1 = ends[number].tolist()
        ink = f"var(--{'positive' if values[number] > 0 else 'negative'})"
        points = np.array([(x0 * wide, (1 - y0) * high), (x1 * wide, (1 - y1) * high)])
        parts.append(markup.line(points, ink, max(0.4, _WIDEST * share), f"stroke-opacity:{0.25 + 0.75 * share:.2f}"))
    for name, layer in places.items():
        spots = np.array([(x * wide, (1 - y) * high) for x, y in layer]).reshape(-1, 2)
        parts.append(markup.dots(spots, "var(--ink)", 4))
        if layer:
            whole = picture.whole.get(name)
            told = f"{len(layer)} of {whole}" if whole is not None else str(len(layer))
            anchor = "start" if layer[0][0] < 0.1 else "end" if layer[0][0] > 0.9 else "middle"
            parts.append(markup.words(layer[0][0] * wide, high + 16, f"{name} {told}", "tick", anchor))
    left = len(values) - len(order)
    note = (
        f'<span style="color:var(--negative)">below 0</span>, <span style="color:var(--positive)">above 0</span>, '
        f"widest: {short(largest)}" + (f"; the {len(order):,} largest of {len(values):,}" if left else "")
        if largest
        else "every number is 0, or none is finite"
    )
    shows = markup.sentence(picture.shows)
    return markup.drawing(wide, high + 24, picture.title, "".join(parts)) + f'<p class="note">{shows}: {note}</p>'
