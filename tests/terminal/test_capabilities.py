import io

import pytest

from lab.terminal.capabilities import NO_COLOURS, PALETTE_COLOURS, SIXTEEN_COLOURS, TRUE_COLOURS, detect, size


class Screen(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]  # a StringIO has none

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, TRUE_COLOURS),
        ({"TERM": "xterm-256color"}, PALETTE_COLOURS),
        ({"TERM": "xterm"}, SIXTEEN_COLOURS),
        ({"TERM": "linux"}, SIXTEEN_COLOURS),
        ({"TERM": "xterm-kitty"}, TRUE_COLOURS),
        ({"TERM": "screen", "TMUX": "/tmp/t,1,0"}, PALETTE_COLOURS),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/t,1,0", "COLORTERM": "truecolor"}, TRUE_COLOURS),
        ({"TERM": "screen-256color", "COLORTERM": "truecolor"}, PALETTE_COLOURS),
        ({"TERM": "vt100"}, NO_COLOURS),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, NO_COLOURS),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, NO_COLOURS),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, PALETTE_COLOURS),
    ],
)
def test_colours_follow_the_environment(environment, colours):
    assert detect(Screen(), environment).colours == colours


def test_a_pipe_is_no_terminal_and_has_no_colours():
    found = detect(io.StringIO(), {"TERM": "xterm-256color", "COLORTERM": "truecolor"})
    assert (found.terminal, found.live, found.colours) == (False, False, NO_COLOURS)


def test_a_dumb_terminal_cannot_be_drawn_over():
    found = detect(Screen(), {"TERM": "dumb"})
    assert (found.terminal, found.live) == (True, False)


def test_a_closed_stream_is_nobodys():
    stream = Screen()
    stream.close()
    assert not detect(io.StringIO(), {}).terminal


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"COLUMNS": "100", "LINES": "30"}, (100, 30)),
        ({"COLUMNS": "100"}, (100, 24)),
        ({"COLUMNS": "0", "LINES": "-3"}, (80, 24)),
        ({"COLUMNS": "wide"}, (80, 24)),
        ({}, (80, 24)),
    ],
)
def test_the_size_is_asked_for_or_80_by_24(environment, expected):
    assert size(io.StringIO(), environment) == expected


@pytest.mark.parametrize(
    ("environment", "unicode"),
    [
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "C.UTF-8"}, True),
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, False),
        ({"LANG": "en_US.ISO-8859-1"}, False),
        ({}, True),
    ],
)
def test_an_ascii_locale_gets_ascii(environment, unicode):
    assert detect(Screen(), {"TERM": "xterm", **environment}).unicode is unicode


def test_an_ascii_stream_gets_ascii_whatever_the_locale():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert not detect(stream, {"LANG": "en_US.UTF-8"}).unicode


def test_the_console_of_linux_has_no_braille():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert detect(stream, {"TERM": "xterm", "LANG": "C.UTF-8"}).unicode
    assert not detect(stream, {"TERM": "linux", "LANG": "C.UTF-8"}).unicode
