import io

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.terminal.painter import Painter
from lab.terminal.style import BOLD
from lab.terminal.text_lines import line
from tests.terminal.emulator import Terminal

WIDTH, HEIGHT = 12, 6
content = st.lists(st.text(alphabet="ab █", max_size=WIDTH), max_size=HEIGHT + 3)


class Screen:
    """A painter and the terminal that shows what it writes."""

    def __init__(self) -> None:
        self.terminal = Terminal(WIDTH, HEIGHT)
        self.stream = io.StringIO()
        self.painter = Painter(self.stream, 0)

    def draw(self, texts, height=HEIGHT):
        self.painter.draw([line(text) for text in texts], WIDTH, height)
        return self.sent()

    def sent(self):
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        self.terminal.feed(text)
        return text


@settings(max_examples=60)
@given(st.lists(content, min_size=1, max_size=6))
def test_the_screen_shows_the_last_frame_and_nothing_else(frames):
    screen = Screen()
    for frame in frames:
        screen.draw(frame)
    shown = [text.rstrip() for text in frames[-1][: HEIGHT - 1]]
    visible = [text.rstrip() for text in screen.terminal.lines]
    assert visible == [*shown, *[""] * (HEIGHT - len(shown))]
    assert screen.terminal.cursor_shown


def test_what_was_there_before_stays():
    screen = Screen()
    screen.terminal.feed("$ lab run\n")
    screen.draw(["one", "two"])
    screen.draw(["one", "three"])
    assert screen.terminal.text() == "$ lab run\none\nthree"


def test_a_block_at_the_bottom_of_the_window_stays_in_place():
    screen = Screen()
    screen.terminal.feed("x\n" * 10)
    for number in range(5):
        screen.draw([f"frame {number}", "below"])
    assert screen.terminal.text().splitlines()[-2:] == ["frame 4", "below"]
    assert screen.terminal.text().count("frame") == 1


def test_nothing_is_cleared_at_once():
    screen = Screen()
    sent = screen.draw(["one"] * 5) + screen.draw(["two"]) + screen.draw(["three"] * 5, HEIGHT - 1)
    screen.painter.erase()
    assert "J" not in sent + screen.sent()  # or tmux would keep the picture in its scrollback


def test_only_what_changed_is_sent():
    screen = Screen()
    screen.draw(["a" * WIDTH, "b" * WIDTH, "c" * WIDTH])
    sent = screen.draw(["a" * WIDTH, "X" * WIDTH, "c" * WIDTH])
    assert "X" * WIDTH in sent
    assert "aa" not in sent
    assert "cc" not in sent


def test_a_frame_that_did_not_change_costs_a_few_bytes():
    screen = Screen()
    screen.draw(["a" * WIDTH] * 5)
    assert len(screen.draw(["a" * WIDTH] * 5)) < 40


def test_a_resized_window_is_cleared_first():
    screen = Screen()
    screen.draw(["one", "two"])
    screen.draw(["one", "two", "three"], height=HEIGHT - 1)
    assert screen.terminal.text() == "one\ntwo\nthree"


def test_lines_of_others_appear_above_the_block():
    screen = Screen()
    screen.draw(["one", "two"])
    screen.painter.put_above("warning")
    screen.draw(["one", "two"])
    assert screen.terminal.text() == "warning\none\ntwo"


def test_erasing_leaves_nothing_and_printing_stays():
    screen = Screen()
    screen.draw(["one", "two"])
    screen.painter.erase()
    screen.painter.print([line("verdict", BOLD)], WIDTH)
    screen.sent()
    assert screen.terminal.text() == "verdict"


def test_a_terminal_that_has_gone_is_not_an_error():
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    painter = Painter(Gone(), 0)
    painter.draw([line("one")], WIDTH, HEIGHT)
    assert painter.broken
