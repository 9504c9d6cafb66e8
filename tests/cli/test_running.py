"""`lab run` as a process: on a terminal, into a pipe, interrupted."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from lab.cli import run
from lab.cli.running import pictured
from lab.scenario import load
from lab.session import Session
from tests.session.scenarios import SMALL

LAB = Path(sys.executable).parent / "lab"
ENDLESS = ["run", "dead-relu", "--variant", "good", "--steps", "10000000", "--no-save"]


def test_a_reader_that_leaves_ends_the_run():
    program = subprocess.Popen([LAB, *ENDLESS, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b'"started"' in program.stdout.readline()
    program.stdout.close()
    error = program.stderr.read()
    program.stderr.close()
    assert program.wait(timeout=60) == 141
    assert error.decode().splitlines() == ["3 claims that speak of other variants will be left out."]


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
    text = program.written.decode(errors="replace")
    assert "gradient norm" in text[text.rindex("stopped") :]
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
    program.until("2,000 runs")
    program.until("positive-bias")
    program.until("left")
    program.until("6 claims judged")
    os.write(program.terminal, b"\x03")
    program.until("claims held, after")
    program.until(None)
    text = program.written.decode(errors="replace")
    assert "held  positive-bias" in text
    assert program.code() == 130
    os.close(program.terminal)


def test_verify_into_a_pipe_tells_what_was_measured_before_an_interrupt(tmp_path):
    endless = tmp_path / "endless.yaml"
    endless.write_text(SMALL.replace("steps: 60", "steps: 1000000000"))
    arguments = [LAB, "verify", "elu", endless, "--seeds", "3", "--json"]
    program = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = program.stdout.readline()
    program.send_signal(signal.SIGINT)
    out, error = program.stdout.read(), program.stderr.read()
    assert (program.wait(timeout=60), error) == (130, "")
    rows = [json.loads(line) for line in (first, *out.splitlines())]
    assert [row["scenario"] for row in rows] == ["elu"] * 7, "three claims and four numbers"
    assert all(row["seeds"] == 3 and row["held_on"] + len(row["missed"]) == 3 for row in rows)


SWEEP = ["sweep", "dead-relu", "--over", "optimizer.rate=log(1e-4,1)", "--trials", "400", "--steps", "4000"]


def test_sweep_on_a_terminal_is_drawn_and_can_be_interrupted_and_resumed():
    program = OnATerminal(SWEEP)
    program.until("of 400 trainings")
    program.until("best")
    program.until("left")
    os.write(program.terminal, b"\x03")
    program.until("go on with `lab resume sweep-dead-relu-1`.")
    program.until(None)
    text = program.written.decode(errors="replace")
    assert "loss over log10 optimizer.rate" in text
    assert program.code() == 130
    os.close(program.terminal)

    again = subprocess.Popen(
        [LAB, *SWEEP, "--resume", "sweep-dead-relu-1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert again.stdout.readline().startswith("Sweep of Dead ReLUs: the lowest loss over optimizer.rate")
    assert "best so far: loss" in again.stderr.readline()
    again.send_signal(signal.SIGINT)
    out, error = again.stdout.read(), again.stderr.read()
    assert again.wait(timeout=60) == 130
    assert all("best so far: loss" in each for each in error.splitlines())
    assert "of 400 trials" in out
    assert "\x1b" not in out


QUOTING = SMALL.replace(
    "claims:",
    """question: {ask: Which?, choices: [quick, calm], answer: calm, because: 'The loss falls to {loss}.'}
measured: {loss: {value: last(calm.loss), between: [1000, 2000]}}
claims:""",
)


def test_the_answer_quotes_what_this_run_has_measured(tmp_path, capsys):
    (tmp_path / "small.yaml").write_text(QUOTING)
    assert run(["run", str(tmp_path / "small.yaml"), "--plain", "--no-save"]) == 1
    out = capsys.readouterr().out
    loss = re.search(r"^calm .*: loss ([0-9.]+)", out, re.MULTILINE)[1]
    told = re.search(r"^The loss falls to ([0-9.]+)\.$", out, re.MULTILINE)[1]
    assert abs(float(told) - float(loss)) < 0.06 * float(loss)


def test_the_answer_is_not_given_of_other_settings(tmp_path, capsys):
    """It is about the lesson's own; what a lesson suggests to try next is run in this way."""
    (tmp_path / "small.yaml").write_text(QUOTING)
    run(["run", str(tmp_path / "small.yaml"), "--plain", "--set", "optimizer.rate=0.001"])
    changed = capsys.readouterr().out
    assert "Answer:" not in changed
    assert "The lesson asks about its own settings" in changed
    run(["run", str(tmp_path / "small.yaml"), "--plain", "--set", "train.seed=3"])
    assert "Answer:" in capsys.readouterr().out


def test_a_replay_answers_the_question_with_what_the_run_has_measured(tmp_path, capsys):
    (tmp_path / "small.yaml").write_text(QUOTING)
    run(["run", str(tmp_path / "small.yaml"), "--plain"])
    first = capsys.readouterr().out
    assert run(["replay", "--plain"]) == 0
    again = capsys.readouterr().out
    said = [
        re.search(r"^Which\?\nAnswer: calm\nThe loss falls to .*$", each, re.MULTILINE)[0] for each in (first, again)
    ]
    assert said[0] == said[1]


def test_claims_about_the_scenarios_own_settings_are_marked_after_set(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "small.yaml").write_text(SMALL)
    arguments = ["run", str(tmp_path / "small.yaml"), "--set", "variants.quick.optimizer.rate=0.2"]
    run([*arguments, "--plain"])
    lines = capsys.readouterr().out.splitlines()
    note = "judged with variants.quick.optimizer.rate = 0.2; the claim is about the scenario's own"
    assert [line.strip() for line in lines].count(note) == 1  # of the other claim's variant nothing was set
    run([*arguments, "--json", "--no-save"])
    claims = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"event": "claim"' in line]
    assert [each.get("changed") for each in claims] == [{"variants.quick.optimizer.rate": 0.2}, None]
    for again in (["replay", "--plain"], ["export", "latest", "--format", "html", "--out", "-"]):
        assert run(again) == 0
        assert note[7:].partition("'")[0] in capsys.readouterr().out


def test_claims_that_are_judged_on_a_run_of_another_length_say_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "small.yaml").write_text(SMALL)
    arguments = ["run", str(tmp_path / "small.yaml"), "--steps"]
    run([*arguments, "20", "--plain"])
    told = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert told.count("judged after 20 of 60 steps; the claim is about the scenario's own") == 2
    for again in (["replay", "--plain"], ["export", "latest", "--format", "html", "--out", "-"]):
        assert run(again) == 0
        assert "udged after 20 of 60 steps" in capsys.readouterr().out
    run([*arguments, "80", "--json", "--no-save"])
    claims = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"event": "claim"' in line]
    assert [each["steps"] for each in claims] == [{"calm": [80, 60], "quick": [80, 60]}, {"calm": [80, 60]}]
    run([*arguments, "60", "--plain", "--no-save"])
    assert "judged" not in capsys.readouterr().out


def test_a_run_that_could_not_be_kept_says_so_at_its_end(tmp_path, capsys, monkeypatch):
    def no_space(*anything):
        raise OSError(28, "No space left on device")

    (tmp_path / "small.yaml").write_text(SMALL)
    monkeypatch.setattr("lab.store.files.save_arrays", no_space)
    sure = SMALL.partition("claims:")[0]
    assert "claims:" in SMALL
    (tmp_path / "sure.yaml").write_text(sure)
    assert run(["run", str(tmp_path / "sure.yaml"), "--plain"]) == 74
    assert "The run was not saved: No space left on device" in capsys.readouterr().out
    assert run(["run", str(tmp_path / "sure.yaml"), "--plain", "--no-save"]) == 0
    capsys.readouterr()
    run(["run", str(tmp_path / "small.yaml"), "--plain"])
    out, err = capsys.readouterr()
    told = "The run was not saved: No space left on device; what was saved before is kept as small-1."
    assert out.splitlines()[-1] == told
    assert "Saved as" not in out
    assert err.count("No space left on device") == 1
    run(["run", str(tmp_path / "small.yaml"), "--json"])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["unsaved"].startswith("No space left on device")
    over = ["--over", "optimizer.rate=[0.1, 0.2]", "--variant", "calm", "--steps", "5"]
    monkeypatch.setattr("lab.store.rows.Rows.insert", no_space)
    assert run(["sweep", str(tmp_path / "small.yaml"), *over, "--plain"]) == 74
    out = capsys.readouterr().out
    assert "Saved as" not in out
    assert "The sweep was not saved: No space left on device" in out


@pytest.mark.parametrize(("slug", "chosen", "variant"), [("lstm", None, "lstm"), ("lstm", ["rnn"], "rnn")])
def test_the_variant_that_decides_the_lesson_is_the_one_whose_pictures_are_shown(slug, chosen, variant):
    session = Session(load(slug), seeds=[4, 5], variants=chosen)
    assert pictured(session) == (variant, 4)
