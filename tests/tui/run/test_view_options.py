"""Zooming, panning, the cursor, and the choice of tiles, without any screen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lab.tui.run.view_options import SMOOTHINGS, ViewOptions

WHOLE = (0.0, 2000.0)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("zoom"), st.booleans()),
        st.tuples(st.just("pan"), st.sampled_from([-0.25, 0.25])),
        st.tuples(st.just("move"), st.sampled_from([-10, -1, 1, 10])),
        st.tuples(st.just("point"), st.floats(-100, 3000)),
    ),
    max_size=40,
)


@given(actions)
def test_whatever_is_pressed_window_and_cursor_stay_inside_of_the_run(pressed):
    view = ViewOptions()
    for kind, how in pressed:
        if kind == "zoom":
            view.zoom(WHOLE, view.cursor, how)
        elif kind == "pan":
            view.pan(WHOLE, how)
        elif kind == "move":
            view.move_cursor(WHOLE, 700.0, how)
        else:
            view.put_cursor(WHOLE, how)
        low, high = view.window or WHOLE
        assert WHOLE[0] <= low < high <= WHOLE[1]
        if view.cursor is not None and kind in ("move", "point"):
            assert low <= view.cursor <= high


def test_zooming_in_and_out_again_shows_everything():
    view = ViewOptions()
    view.zoom(WHOLE, 500.0, closer=True)
    assert view.window is not None
    assert view.window[1] - view.window[0] == 1000
    view.zoom(WHOLE, 500.0, closer=False)
    assert view.window is None


def test_the_step_under_the_cursor_stays_where_it_is_while_zooming():
    view = ViewOptions()
    view.zoom(WHOLE, 500.0, closer=True)
    low, high = view.window
    assert (500 - low) / (high - low) == 500 / 2000


def test_the_cursor_begins_at_the_latest_step():
    view = ViewOptions()
    view.move_cursor(WHOLE, 700.0, -1)
    assert view.cursor == 680


def test_smoothing_goes_round():
    view = ViewOptions()
    assert [view.smoother() for _ in SMOOTHINGS] == [*SMOOTHINGS[1:], SMOOTHINGS[0]]
