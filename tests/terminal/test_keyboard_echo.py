"""The echo of a real terminal, of which a child process is in the foreground."""

import os
import pty
import sys
import time
from pathlib import Path

import pytest

BEGIN = """
import sys, termios
from lab.terminal.keyboard_echo import KeyboardEcho

def shown():
    return bool(termios.tcgetattr(0)[3] & termios.ECHO)
"""


def on_a_terminal(code: str, typed: bytes = b"") -> str:
    """What a program writes that has a terminal of its own; `typed` as soon as it says something on stderr."""
    said, says = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        if typed:
            os.dup2(says, 2)
        os.close(said)
        os.close(says)
        os.chdir(Path(__file__).parents[2])
        os.execv(sys.executable, [sys.executable, "-c", BEGIN + code])
    os.close(says)
    if typed:
        os.read(said, 1)  # the output before it fits into what the terminal keeps
        os.write(terminal, typed)
        time.sleep(0.2)  # with nothing read meanwhile, so that there is output that could be thrown away
    os.close(said)
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end has gone
            break
        if not piece:
            break
        written += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, written.decode()
    return written.decode()


def test_the_echo_goes_off_and_on_again():
    code = "echo = KeyboardEcho(); before = shown(); echo.disable(); echo.disable(); off = shown()\n"
    code += "echo.restore(); echo.restore()\n"
    assert on_a_terminal(code + "print(before, off, shown())").split() == ["True", "False", "True"]


def test_an_interrupt_throws_no_output_away_and_what_was_typed_is_forgotten():
    code = """
import os, select, signal, time
from lab.terminal.keyboard_echo import discard_typed_input
interrupted = []
signal.signal(signal.SIGINT, lambda *_: (discard_typed_input(), interrupted.append(True)))
echo = KeyboardEcho()
echo.disable()
print("€" * 3000, flush=True)
print("written", file=sys.stderr, flush=True)
while not interrupted:
    time.sleep(0.01)
print("waiting" if select.select([0], [], [], 0)[0] else "forgotten", shown())
echo.restore()
print(bool(termios.tcgetattr(0)[3] & termios.NOFLSH))
"""
    assert on_a_terminal(code, typed=b"typed\n\x03").split() == ["€" * 3000, "forgotten", "False", "False"]


def test_in_the_background_the_terminal_is_left_alone():
    code = "import os\nos.setpgid(0, 0) if os.fork() == 0 else os._exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    code += "echo = KeyboardEcho(); echo.disable(); echo.restore()\n"  # setting it would stop the process
    assert on_a_terminal(code + "print(shown())").split() == ["True"]


@pytest.mark.parametrize("end", ["dashboard.close()", "raise RuntimeError('in the middle')"])
def test_a_dashboard_switches_it_off_and_however_it_ends_on_again(end):
    code = f"""
from lab.terminal import Options, detect
from lab.terminal.dashboard import Dashboard
from tests.terminal.streams import started
dashboard = Dashboard(sys.stdout, detect(sys.stdout, {{"TERM": "xterm"}}), Options())
dashboard.handle(started())
off = shown()
try:
    {end}
except RuntimeError:
    pass
finally:
    dashboard.close()
print("states", off, shown())
"""
    assert on_a_terminal(code).split()[-3:] == ["states", "False", "True"]


def test_without_a_terminal_nothing_happens(monkeypatch):
    from lab.terminal.keyboard_echo import KeyboardEcho

    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        echo = KeyboardEcho()
        echo.disable()
        echo.restore()
    monkeypatch.setattr(sys, "stdin", None)
    echo.disable()
    echo.restore()
