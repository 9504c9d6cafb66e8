"""The program around the commands: help, exit codes, errors as sentences, a quick start."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab import __version__
from lab.cli import app, run
from lab.errors import BadInput, DeviceMissing, LabError

LAB = Path(sys.executable).parent / "lab"


@pytest.fixture
def fake(monkeypatch):
    """Makes the command `fake` do what the test wants."""

    def install(command):
        monkeypatch.setitem(app._SUMMARIES, "fake", "A command of this test.")
        monkeypatch.setitem(sys.modules, "lab.cli.commands.fake", SimpleNamespace(command=command))

    return install


def test_help_lists_every_command_with_its_summary(capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for section, commands in app.COMMANDS.items():
        assert f"{section}:" in out
        for name, summary in commands.items():
            assert name in out
            assert summary[:40] in " ".join(out.split())


def test_without_arguments_and_without_terminal_the_help_is_printed(capsys):
    assert run([]) == 0
    assert "Usage: lab" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(app._SUMMARIES))
def test_every_command_of_the_table_exists_and_explains_itself(name, capsys):
    assert run([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"Usage: lab {name}" in out
    assert len(out.split("\n\n")[1].strip()) > 10  # its docstring


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"backprop-lab {__version__}\n"


def test_the_package_runs_as_the_program_does():
    done = subprocess.run([sys.executable, "-m", "lab", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"backprop-lab {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shw"], "There is no command 'shw': did you mean show?"),
        (["show"], "Missing argument 'SCENARIO'. See `lab show --help`."),
        (["list", "--fast"], "No such option: --fast"),
        (["show", "dead-relu", "b"], "There is one word too many: b. See `lab show --help`."),
        (["show", "dead-relu", "b", "c"], "These are too many: b c."),
        (["list", "a", "b"], "There is no chapter 'a'"),
        (["show", "no-such-thing"], "There is no scenario 'no-such-thing'"),
        (["--fast"], "No such option: --fast"),
        *[
            (["run", "dead-relu", option, "9" * 30], "less than or equal to")
            for option in ("--threads", "--steps", "--fps")
        ],
        (["predict", "latest", "~no-such-user/x.csv"], "No runs are stored"),
        (["data", "show", "~no-such-user/x.csv"], "~no-such-user/x.csv"),
        (["show", "~no-such-user/x.yaml"], "there is no such file"),
        (["run", "dead-relu", "--seeds", "9" * 5000], "--seeds takes a number (3)"),
        (["run", "dead-relu", "--seeds", "9" * 50], "seeds are from 0 to 4294967295"),
        (["run", "dead-relu", "--set", f"train.steps={'9' * 50}"], "it must be at most 1000000000"),
        (["verify", "dead-relu", "--threads", "9" * 30], "less than or equal to"),
        (["sweep", "dead-relu", "--trials", "9" * 30], "less than or equal to"),
        (["sweep", "dead-relu", "--threads", "9" * 30], "less than or equal to"),
        (["sweep", "dead-relu", "--best", "9" * 30], "less than or equal to"),
        (["replay", "latest", "--speed", "1e-300"], "--speed must be a number from 0.001"),
        (["resume", "--threads", "9" * 30], "less than or equal to"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments, words, capsys):
    assert run(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert words in output.err
    assert output.err.count("\n") == 1
    assert len(output.err) < 2000


def raising(error):
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [(BadInput("No."), 2), (DeviceMissing("No."), 3), (LabError("No."), 1), (KeyboardInterrupt(), 130)],
)
def test_errors_end_with_their_exit_code_and_one_line(error, code, fake, capsys):
    fake(raising(error))
    assert run(["fake"]) == code
    assert capsys.readouterr().err in ("No.\n", "Interrupted.\n")


def test_a_commands_result_is_the_exit_code(fake):
    fake(lambda: 1)
    assert run(["fake"]) == 1
    fake(lambda: None)
    assert run(["fake"]) == 0


def test_a_bug_is_a_sentence_that_asks_for_a_report(fake, capsys, monkeypatch):
    monkeypatch.delenv("LAB_DEBUG", raising=False)
    fake(raising(KeyError("oops")))
    assert run(["fake"]) == 70
    error = capsys.readouterr().err
    assert "bug in the lab (KeyError: 'oops')" in error
    assert "Traceback" not in error


def test_debugging_shows_the_traceback(fake, monkeypatch):
    monkeypatch.setenv("LAB_DEBUG", "1")
    fake(raising(KeyError("oops")))
    with pytest.raises(KeyError):
        run(["fake"])


def test_an_ascii_terminal_gets_question_marks_instead_of_an_error(tmp_path):
    (tmp_path / "a.yaml").write_text("title: Größe\ntask: classify\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run([LAB, "show", "a.yaml"], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert b"# Gr??e" in shown.stdout


def _loaded(*arguments):
    """The modules that a command line has imported when it ends, whatever it has printed."""
    code = f"import sys\nfrom lab.cli import run\nrun({list(arguments)})\nprint(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_loads_nothing_heavy():
    heavy = {"numba", "numpy", "scipy", "sklearn", "pydantic", "textual", "rich", "yaml", "sqlite3"}
    assert not heavy & _loaded("--help")


def test_the_list_of_lessons_waits_for_no_arrays():
    assert not {"numba", "numpy", "textual", "lab.scenario.model"} & _loaded("list")


def test_a_check_loads_the_task_that_is_asked_for_and_no_others():
    loaded = _loaded("check", "dead-relu")
    assert "lab.tasks.training.classify" in loaded
    assert not {"numba", "lab.tasks.sequences.caption", "lab.tasks.computation_graphs.gates"} & loaded


def test_a_reader_that_leaves_early_is_no_error():
    program = subprocess.Popen([LAB, "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    program.stdout.close()
    error = program.stderr.read()
    program.stderr.close()
    assert program.wait() == 141
    assert error == b""


def test_ctrl_c_ends_the_program_with_130(tmp_path):
    code = (
        "import sys, time, types\nfrom lab.cli import app, main\n"
        "def command():\n    print('ready', flush=True)\n    time.sleep(300)\n"
        "sys.modules['lab.cli.commands.fake'] = types.SimpleNamespace(command=command)\n"
        "app._SUMMARIES['fake'] = ''\nmain(['fake'])"
    )
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGINT)
    _, error = program.communicate(timeout=120)
    assert program.returncode == 130
    assert error == "Interrupted.\n"


def test_claims_about_variants_that_are_not_run_are_said_to_be_left_out(capsys):
    assert run(["run", "dead-relu", "--variant", "good", "--steps", "1", "--plain", "--no-save"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("3 claims that speak of other variants will be left out.")
    assert "there were no claims to judge" in out  # the scenario makes some


@pytest.mark.parametrize("command", [["run", "dead-relu"], ["sweep", "dead-relu", "--over", "optimizer.rate=[1]"]])
def test_absurdly_many_steps_are_refused_as_in_a_file(command, capsys):
    assert run([*command, "--steps", "1000000000000"]) == 2
    out, complaint = capsys.readouterr()
    assert out == ""
    assert "--steps" in complaint


def test_a_home_of_somebody_who_is_not_there_is_a_folder_like_any_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_HOME", "~no-such-user/runs")
    assert run(["runs"]) == 0
    assert "No runs are kept in ~no-such-user/runs." in capsys.readouterr().out
