"""The whole program in a real pseudo-terminal: from the first screen to the end, whichever way it ends."""

import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pexpect
import pytest

from lab.store import Store
from lab.tui.progress import Progress

LAB = str(Path(sys.executable).parent / "lab")
LEFT = "\x1b[?1049l"
PATIENCE = 120  # seconds; a busy machine may first have to compile kernels
LONG = """\
title: Long
task: classify
data: {name: moons, points: 60}
model: [{dense: 4}, relu, {dense: classes}]
optimizer: {name: sgd, rate: 0.01}
train: {batch: 20, steps: 100000000, measure: 1000}
watch: [loss]
"""


@pytest.fixture
def open_lab(tmp_path):
    """Starts `lab ARGUMENTS` in a terminal; whatever is left of it at the end is ended."""
    children = []

    def start(*arguments, size=(24, 80), program=(LAB,), visited=True, **environment):
        if visited:
            Progress().end_tour()
        # As most terminals are; what runs the tests may itself be in another one.
        known = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"}
        kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "COLUMNS", "LINES")}
        child = pexpect.spawn(
            program[0], [*program[1:], *arguments], env={**kept, **known, **environment}, dimensions=size,
            encoding="utf-8", codec_errors="replace", timeout=PATIENCE,
        )  # fmt: skip
        child.before_attributes = termios.tcgetattr(child.child_fd)
        child.written = ""
        children.append(child)
        return child

    yield start
    for child in children:
        child.close(force=True)


def read_until(child, text):
    """Read what the program draws until it has drawn a text."""
    child.expect_exact(text)
    child.written += child.before + child.after


def ended(child, seconds=PATIENCE):
    """The exit code (a signal that ended it: 128 + its number), after reading the rest."""
    child.expect(pexpect.EOF, timeout=seconds)
    child.written += child.before
    child.wait()
    return child.exitstatus if child.exitstatus is not None else 128 + child.signalstatus


def assert_restored(child):
    """Own screen left, cursor shown, mouse and pasting reports off, the line discipline as it was."""
    text = child.written
    assert text.rindex(LEFT) > text.rindex("\x1b[?1049h")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert text.rindex("\x1b[?2004l") > text.rindex("\x1b[?2004h")
    for mode in ("1000", "1003"):
        if f"\x1b[?{mode}h" in text:
            assert text.rindex(f"\x1b[?{mode}l") > text.rindex(f"\x1b[?{mode}h")
    assert termios.tcgetattr(child.child_fd) == child.before_attributes


def start_training(open_lab, tmp_path):
    (tmp_path / "long.yaml").write_text(LONG)
    child = open_lab("tui", str(tmp_path / "long.yaml"))
    read_until(child, "100,000,000 steps")
    child.send("\r")
    read_until(child, "steps/s")
    return child


def the_run():
    with Store.open() as store:
        (info,) = store.runs()
    return info


def test_from_start_to_quit(open_lab):
    child = open_lab(visited=False)
    read_until(child, "1 of 5")
    child.send("\x1b")
    read_until(child, "activations")
    child.send("r")
    read_until(child, "Nothing has been run yet.")
    child.send("\x1b")
    read_until(child, "activations")  # a q sent with the escape would be another key
    child.send("q")
    assert ended(child) == 0
    assert_restored(child)


def test_bytes_that_are_no_text_are_no_keys(open_lab):
    """Alt with a key in a terminal of eight bits, é in one of Latin-1: they ended the lab with a traceback."""
    child = open_lab("tui")
    read_until(child, "activations")
    for sent in (b"\xe9", b"\xff\xfe", b"\xc3", b"\xe2\x82", b"\x1b[200~\xe4\x1b[201~"):
        os.write(child.child_fd, sent)
        time.sleep(0.1)
    child.send("r")
    read_until(child, "Nothing has been run yet.")
    child.send("\x11")
    assert ended(child) == 0
    assert "Traceback" not in child.written
    assert_restored(child)


def test_without_a_mouse_none_is_asked_for(open_lab):
    child = open_lab("tui", "--no-mouse")
    read_until(child, "activations")
    child.send("\x11")
    assert ended(child) == 0
    assert "\x1b[?1000h" not in child.written
    assert_restored(child)


def test_sigterm_keeps_the_run_and_restores_the_terminal(open_lab, tmp_path):
    child = start_training(open_lab, tmp_path)
    child.kill(signal.SIGTERM)
    assert ended(child) == 128 + signal.SIGTERM
    assert_restored(child)
    assert "`lab resume` goes on with it" in child.written
    info = the_run()
    assert info.state == "interrupted"
    assert info.resumable
    assert not info.killed


def test_a_lost_connection_keeps_the_run(open_lab, tmp_path):
    child = start_training(open_lab, tmp_path)
    child.ptyproc.fileobj.close()
    child.ptyproc.closed = child.closed = True
    end = time.monotonic() + PATIENCE
    while child.isalive():
        assert time.monotonic() < end, "the lab has outlived its terminal"
        time.sleep(0.05)
    info = the_run()
    assert info.state == "interrupted"
    assert info.resumable
    assert not info.killed


def test_an_error_is_one_sentence_after_which_the_lab_goes_on(open_lab):
    broken = (
        "import sys; from lab.tui.explore.screen import ExploreScreen as screen;"
        "screen.action_next_lesson = lambda self: 1 / 0; from lab.cli import main; main(['tui'])"
    )
    child = open_lab(program=(sys.executable, "-c", broken))
    read_until(child, "activations")
    child.send("n")
    read_until(child, "ZeroDivisionError")
    child.send("\r")
    read_until(child, "activations")
    child.send("q")
    assert ended(child) == 0
    assert "Traceback" not in child.written
    assert_restored(child)


def test_an_error_of_the_first_screen_is_one_sentence_and_restores_the_terminal(open_lab):
    broken = (
        "import sys; from lab.tui.explore.screen import ExploreScreen as screen;"
        "screen.render_lines = lambda *_: 1 / 0; from lab.cli import main; main(['tui'])"
    )
    child = open_lab(program=(sys.executable, "-c", broken))
    assert ended(child) == 70
    assert "This is a bug in the lab (ZeroDivisionError" in child.written
    assert "Traceback" not in child.written
    assert_restored(child)


def test_what_cannot_be_opened_is_a_sentence(open_lab, tmp_path):
    for arguments, environment in ((["tui", "no-such-lesson"], {}), (["tui"], {"TERM": "dumb"})):
        child = open_lab(*arguments, **environment)
        assert ended(child) == 2
        assert "\x1b[?1049h" not in child.written
    done = subprocess.run([LAB, "tui"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_bad_settings_file_is_said_once_and_the_lab_opens(open_lab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a long path would break the sentence into lines
    Path("settings.yaml").write_text("theme: ligth\n")
    child = open_lab(LAB_CONFIG="settings.yaml")
    read_until(child, "no theme 'ligth'")
    child.send("q")
    assert ended(child) == 0


def test_nothing_heavy_is_imported_before_a_run():
    code = (
        "import sys, asyncio\n"
        "from lab.tui.app import LabApp\n"
        "async def main():\n"
        "    app = LabApp()\n"
        "    async with app.run_test() as pilot:\n"
        "        await pilot.pause(0.3)\n"
        "asyncio.run(main())\n"
        "print([name for name in ('numba', 'scipy', 'sklearn', 'plotext', 'pandas', 'torch') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_commands_that_print_never_load_the_screens(tmp_path):
    code = "import sys; from lab.cli import run; run(['list']); print('textual' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"
