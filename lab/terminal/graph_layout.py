"""Where the boxes and lines of a graph go: layer by layer, after Sugiyama, Tagawa and Toda (1981).

Positions are (along, across): along runs with the edges, across the layers. So one layout serves graphs that are drawn
from left to right and from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

_SWEEPS = 8
_MOST_PERMUTED = 5

Waypoint = tuple[str, int]
"""A node in its layer, or the place where an edge of that node passes through a later layer."""


@dataclass(frozen=True, slots=True)
class BoxSize:
    """A box: `along` and `across` in characters; `inset`: how far from its edges lines may enter."""

    along: int
    across: int
    inset: int


@dataclass(frozen=True, slots=True)
class GraphLayout:
    """boxes: the near corner of each; routes: (node it starts from, its corners as (along, across)); the whole size."""

    boxes: dict[str, tuple[int, int]]
    routes: list[tuple[str, list[tuple[int, int]]]]
    along: int
    across: int


def lay_out(sizes: dict[str, BoxSize], edges: Iterable[tuple[str, str]], gap: int) -> GraphLayout:
    """Place the boxes so that edges run forward and cross little. `gap`: characters between boxes of one layer.

    An edge that would close a circle is turned round; one from or to an unknown box is left out.
    """
    edges = _without_circles(list(sizes), [(a, b) for a, b in dict.fromkeys(edges) if a in sizes and b in sizes])
    layer = _layers(list(sizes), edges)
    graph = _Graph(sizes, edges, layer)
    graph.reorder()
    graph.place(gap)
    return graph.routed()


def _without_circles(names: list[str], edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    after: dict[str, list[str]] = {name: [] for name in names}
    for first, second in edges:
        if first != second:
            after[first].append(second)
    state: dict[str, int] = {}
    forward: dict[tuple[str, str], None] = {}
    for root in names:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                state[name] = 2
                stack.pop()
            elif state.get(following) == 1:
                forward[following, name] = None
            else:
                forward[name, following] = None
                if following not in state:
                    state[following] = 1
                    stack.append((following, iter(after[following])))
    return list(forward)


def _layers(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """The longest way from a beginning; beginnings themselves stand directly before their first successor."""
    layer = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for first, second in edges:
            if layer[second] <= layer[first]:
                layer[second], moved = layer[first] + 1, True
        if not moved:
            break
    entered = {second for _, second in edges}
    for name in names:
        followers = [layer[second] for first, second in edges if first == name]
        if name not in entered and followers:
            layer[name] = min(followers) - 1
    return layer


class _Graph:
    def __init__(self, sizes: dict[str, BoxSize], edges: list[tuple[str, str]], layer: dict[str, int]) -> None:
        self.sizes = sizes
        self.rows: list[list[Waypoint]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
        for name in sizes:
            self.rows[layer[name]].append((name, layer[name]))
        self.links: dict[tuple[Waypoint, Waypoint], None] = {}
        for first, second in edges:
            stops = [(first, each) for each in range(layer[first], layer[second])] + [(second, layer[second])]
            for stop, following in pairwise(stops):
                self.links[stop, following] = None
                if following not in self.rows[following[1]]:
                    self.rows[following[1]].append(following)
        self.own = {name: (name, layer[name]) for name in sizes}
        self.before: dict[Waypoint, list[Waypoint]] = {stop: [] for row in self.rows for stop in row}
        self.after: dict[Waypoint, list[Waypoint]] = {stop: [] for row in self.rows for stop in row}
        for first_stop, second_stop in self.links:
            self.before[second_stop].append(first_stop)
            self.after[first_stop].append(second_stop)
        self.near: dict[Waypoint, int] = {}

    def across(self, stop: Waypoint) -> int:
        return self.sizes[stop[0]].across if self.own[stop[0]] == stop else 1

    def leaves(self, stop: Waypoint) -> int:
        """Where the line leaves the box, from its near edge."""
        return (self.across(stop) - 1) // 2

    def enters(self, stop: Waypoint, source: Waypoint) -> int:
        """Where the line from `source` enters the box, from its near edge: each line at its own place if there are
        enough."""
        if self.own[stop[0]] != stop:
            return 0
        size = self.sizes[stop[0]]
        room = size.across - 2 * size.inset
        order = {each: position for row in self.rows for position, each in enumerate(row)}
        sources = sorted(self.before[stop], key=lambda each: order[each])
        if len(sources) == 1 or len(sources) > room:
            return (size.across - 1) // 2
        return size.inset + round((sources.index(source) + 0.5) * room / len(sources) - 0.5)

    def reorder(self) -> None:
        """Sort each layer by the mean place of its neighbours, back and forth, and keep the order with the fewest
        crossings."""
        best, fewest = [list(row) for row in self.rows], self._crossings()
        for sweep in range(_SWEEPS):
            forward = sweep % 2 == 0
            neighbours = self.before if forward else self.after
            order = range(1, len(self.rows)) if forward else range(len(self.rows) - 2, -1, -1)
            for index in order:
                reference = self.rows[index - 1] if forward else self.rows[index + 1]
                place = {stop: position for position, stop in enumerate(reference)}
                own = {stop: float(position) for position, stop in enumerate(self.rows[index])}
                for stop in own:
                    near = [place[each] for each in neighbours[stop] if each in place]
                    own[stop] = sum(near) / len(near) if near else own[stop]
                self.rows[index].sort(key=lambda stop, own=own: own[stop])  # type: ignore[misc]  # bound on purpose
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.rows], crossings
        self.rows = best

    def _crossings(self) -> int:
        place = {stop: position for row in self.rows for position, stop in enumerate(row)}
        total = 0
        for index in range(len(self.rows)):
            pairs = [(place[a], place[b]) for a, b in self.links if a[1] == index]
            total += sum((a - c) * (b - d) < 0 for k, (a, b) in enumerate(pairs) for c, d in pairs[:k])
        return total

    def place(self, gap: int) -> None:
        """Give every stop its place across, so that lines are straight where they can be."""
        for row in self.rows:
            position = 0
            for stop in row:
                self.near[stop] = position
                position += self.across(stop) + gap
        for sweep in range(2 * _SWEEPS):
            rows = self.rows if sweep % 2 == 0 else self.rows[::-1]
            for row in rows:
                wanted = {stop: self._wanted(stop, back=sweep % 2 == 0) for stop in row}
                self._settle(row, wanted, gap)
        least = min(self.near.values(), default=0)
        self.near = {stop: position - least for stop, position in self.near.items()}

    def _wanted(self, stop: Waypoint, back: bool) -> int:
        if back:
            places = [self.near[each] + self.leaves(each) - self.enters(stop, each) for each in self.before[stop]]
        else:
            places = [self.near[each] + self.enters(each, stop) - self.leaves(stop) for each in self.after[stop]]
        if not places:
            return self.near[stop]
        places.sort()
        middle = len(places) // 2
        return places[middle] if len(places) % 2 else round((places[middle - 1] + places[middle]) / 2)

    def _settle(self, row: list[Waypoint], wanted: dict[Waypoint, int], gap: int) -> None:
        """The places nearest to the wanted ones that keep the order and the gaps: blocks that collide share the
        difference."""
        blocks: list[tuple[list[Waypoint], float]] = []  # stops, and the mean wanted place of their first
        for stop in row:
            group, start, offset = [stop], float(wanted[stop]), 0
            while blocks and blocks[-1][1] + self._length(blocks[-1][0], gap) > start:
                earlier, earlier_start = blocks.pop()
                offset = self._length(earlier, gap)
                start = (earlier_start * len(earlier) + (start - offset) * len(group)) / (len(earlier) + len(group))
                group = earlier + group
            blocks.append((group, start))
        least = None
        for group, start in blocks:
            position = round(start) if least is None else max(round(start), least)
            for stop in group:
                self.near[stop] = position
                position += self.across(stop) + gap
            least = position

    def _length(self, group: list[Waypoint], gap: int) -> int:
        return sum(self.across(stop) + gap for stop in group)

    def routed(self) -> GraphLayout:
        """Lines from box to box through the channels between the layers, each bend on a track of its own."""
        start, boxes = 0, {}
        routes: list[tuple[str, list[tuple[int, int]]]] = []
        for index, row in enumerate(self.rows):
            depth = max((self.sizes[stop[0]].along for stop in row if self.own[stop[0]] == stop), default=1)
            links = [(a, b) for a, b in self.links if a[1] == index]
            tracks = self._tracks(links)
            end = start + depth
            following = end + max(2, len(tracks) + 2) if links else end
            for stop in row:
                if self.own[stop[0]] == stop:
                    boxes[stop[0]] = (start + (depth - self.sizes[stop[0]].along) // 2, self.near[stop])
            for source, target in links:
                begin = self._box_end(source, start, depth)
                leave = self.near[source] + self.leaves(source)
                enter = self.near[target] + self.enters(target, source)
                arrive = self._box_start(target, following)
                if leave == enter:
                    points = [(begin, leave), (arrive, enter)]
                else:
                    bend = end + 1 + tracks.index(source)
                    points = [(begin, leave), (bend, leave), (bend, enter), (arrive, enter)]
                routes.append((source[0], points))
            start = following
        across = max((self.near[stop] + self.across(stop) for row in self.rows for stop in row), default=0)
        return GraphLayout(boxes, routes, start, across)

    def _box_end(self, stop: Waypoint, start: int, depth: int) -> int:
        """The first place behind the box; where an edge passes through, the near edge of the layer."""
        if self.own[stop[0]] != stop:
            return start
        along = self.sizes[stop[0]].along
        return start + (depth - along) // 2 + along

    def _box_start(self, stop: Waypoint, start: int) -> int:
        """The last place before the box."""
        if self.own[stop[0]] != stop:
            return start
        depth = max(self.sizes[each[0]].along for each in self.rows[stop[1]] if self.own[each[0]] == each)
        return start + (depth - self.sizes[stop[0]].along) // 2 - 1

    def _tracks(self, links: list[tuple[Waypoint, Waypoint]]) -> list[Waypoint]:
        """The sources whose lines bend, in the order of their tracks with the least overlap and crossings."""
        runs: dict[Waypoint, tuple[int, list[int]]] = {}
        for source, target in links:
            leave = self.near[source] + self.leaves(source)
            runs.setdefault(source, (leave, []))[1].append(self.near[target] + self.enters(target, source))
        bending = [source for source, (leave, enter) in runs.items() if any(each != leave for each in enter)]
        if not 1 < len(bending) <= _MOST_PERMUTED:
            return bending
        return list(min(permutations(bending), key=lambda order: _cost(list(order), runs)))


def _cost(order: Sequence[Waypoint], runs: dict[Waypoint, tuple[int, list[int]]]) -> int:
    """How bad an order of tracks is: lines on top of each other count much, crossings a little."""
    cost = 0
    for position, early in enumerate(order):
        early_leave, early_enter = runs[early]
        early_low, early_high = min(early_leave, *early_enter), max(early_leave, *early_enter)
        for late in order[position + 1 :]:
            late_leave, late_enter = runs[late]
            late_low, late_high = min(late_leave, *late_enter), max(late_leave, *late_enter)
            cost += 100 * sum(each == late_leave for each in early_enter)
            cost += early_low < late_leave < early_high
            cost += sum(late_low < each < late_high for each in early_enter)
    return cost
