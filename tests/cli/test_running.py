"""`lab run` as a process: on a terminal, into a pipe, interrupted."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

LAB = Path(sys.executable).parent / "lab"
ENDLESS = ["run", "dead-relu", "--variant", "good", "--steps", "10000000", "--no-save"]


def test_a_reader_that_leaves_ends_the_run():
    program = subprocess.Popen([LAB, *ENDLESS, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b'"started"' in program.stdout.readline()
    program.stdout.close()
    error = program.stderr.read()
    program.stderr.close()
    assert program.wait(timeout=60) == 141
    assert error == b""


class OnATerminal:
    """A program with a terminal of its own, 80 × 24."""

    def __init__(self, arguments):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "LC_ALL": "C.UTF-8"}
            os.execve(LAB, [str(LAB), *arguments], environment)
        self.written = b""

    def until(self, wanted, seconds=120):
        """Reads until the text appears, or to the end if it is None."""
        end = time.monotonic() + seconds
        while wanted is None or wanted.encode() not in self.written:
            assert time.monotonic() < end, self.written[-2000:].decode(errors="replace")
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.terminal, 65536)
                except OSError:  # how Linux says that the other end has gone
                    piece = b""
                if not piece:
                    assert wanted is None, self.written[-2000:].decode(errors="replace")
                    return
                self.written += piece

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def code(self):
        _, status = os.waitpid(self.child, 0)
        return os.waitstatus_to_exitcode(status)


def test_ctrl_c_on_a_terminal_leaves_plots_an_explanation_and_the_echo():
    program = OnATerminal(ENDLESS)
    program.until("steps/s")
    assert not program.echoes()
    os.write(program.terminal, b"\n\x03")
    program.until("Interrupted after")
    program.until("The run was not saved.")
    assert program.echoes()
    program.until(None)
    text = program.written.decode(errors="replace")  # Ctrl-C drops what the terminal had not taken yet, mid-letter too
    assert "grad_norm" in text[text.rindex("stopped") :]
    assert "Answer:" not in text
    assert program.code() == 130
    os.close(program.terminal)


def test_a_second_interrupt_ends_at_once_and_leaves_the_echo_on():
    program = OnATerminal(ENDLESS)
    program.until("steps/s")
    os.kill(program.child, signal.SIGSTOP)  # both arrive before the first can be dealt with
    os.kill(program.child, signal.SIGINT)
    os.kill(program.child, signal.SIGTERM)
    os.kill(program.child, signal.SIGCONT)
    program.until("Stopped at once; what was measured until the last second is kept.")
    program.until(None)
    assert program.echoes()
    assert program.code() == 130
    os.close(program.terminal)


VERIFY = ["verify", "positive-bias", "elu", "--seeds", "1000"]


def test_verify_on_a_terminal_says_how_far_it_is_and_keeps_what_it_has():
    program = OnATerminal(VERIFY)
    program.until("2,000 trainings")
    program.until("positive-bias")
    program.until("left")
    program.until("3 claims judged")
    os.write(program.terminal, b"\x03")
    program.until("claims held, after")
    program.until(None)
    text = program.written.decode(errors="replace")
    assert "held  positive-bias" in text
    assert program.code() == 130
    os.close(program.terminal)


def test_verify_into_a_pipe_is_plain_and_tells_what_was_measured_before_an_interrupt():
    program = subprocess.Popen([LAB, *VERIFY, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(5)
    program.send_signal(signal.SIGINT)
    out, error = program.communicate(timeout=60)
    assert program.returncode == 130
    assert error == ""
    rows = [json.loads(line) for line in out.splitlines()]
    assert {row["scenario"] for row in rows} == {"positive-bias"}
    assert all(0 < row["seeds"] < 1000 and row["held_on"] + len(row["missed"]) == row["seeds"] for row in rows)
