from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.terminal.graph_layout import BoxSize, lay_out

names = [f"node{index}" for index in range(9)]
edges = st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=16)


def rectangle(layout, sizes, name):
    along, across = layout.boxes[name]
    return range(along, along + sizes[name].along), range(across, across + sizes[name].across)


@settings(max_examples=80, deadline=None)
@given(edges, st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=9, max_size=9), st.integers(0, 2))
def test_boxes_never_overlap_and_lines_keep_out_of_other_boxes(drawn, shapes, gap):
    sizes = {name: BoxSize(along, across, 0) for name, (along, across) in zip(names, shapes, strict=True)}
    layout = lay_out(sizes, drawn, gap)
    assert set(layout.boxes) == set(names)
    taken = {}
    for name in names:
        along, across = rectangle(layout, sizes, name)
        assert along.start >= 0
        assert across.start >= 0
        assert along.stop <= layout.along
        assert across.stop <= layout.across
        for cell in ((a, b) for a in along for b in across):
            assert taken.setdefault(cell, name) == name
    for _, points in layout.routes:
        for (first_along, first_across), (last_along, last_across) in pairwise(points):
            assert first_along == last_along or first_across == last_across
            for along in range(min(first_along, last_along), max(first_along, last_along) + 1):
                for across in range(min(first_across, last_across), max(first_across, last_across) + 1):
                    assert (along, across) not in taken


def test_edges_run_forward():
    sizes = {name: BoxSize(3, 3, 1) for name in "abc"}
    layout = lay_out(sizes, [("a", "b"), ("b", "c"), ("a", "c")], 0)
    assert layout.boxes["a"][0] < layout.boxes["b"][0] < layout.boxes["c"][0]


def test_a_straight_chain_is_straight():
    layout = lay_out({name: BoxSize(3, 3, 1) for name in "abc"}, [("a", "b"), ("b", "c")], 0)
    assert all(len(points) == 2 for _, points in layout.routes)
    assert layout.across == 3


def test_a_value_used_late_stands_next_to_its_use():
    sizes = {name: BoxSize(3, 3, 1) for name in "abcw"}
    layout = lay_out(sizes, [("a", "b"), ("b", "c"), ("w", "c")], 0)
    assert layout.boxes["w"][0] == layout.boxes["b"][0]
