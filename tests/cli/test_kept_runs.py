"""`lab runs`, `replay`, `compare`, `export` and `rm`, as a person calls them."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.cli import run
from lab.store import Store

from ..store.runs import make

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("LAB_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    return Store.open()


@pytest.fixture
def call(store: Store, capsys: pytest.CaptureFixture[str]) -> Call:
    def lab(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return lab


def refused(outcome: tuple[int, str, str], *expected: str) -> None:
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    for text in expected:
        assert text in err


def test_runs_newest_first(store: Store, call: Call) -> None:
    make(store)
    make(store, end="interrupted")
    code, out, _ = call("runs")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["run", "state", "claims"]
    assert [line.split()[0] for line in lines[1:]] == ["dead-relu-2", "dead-relu-1"]
    assert "1 of 1" in lines[2]
    assert "2 × 2" in lines[2]


def test_runs_can_be_filtered_and_read_by_programs(store: Store, call: Call) -> None:
    make(store)
    make(store, end="interrupted")
    found = json.loads(call("runs", "--json", "--state", "interrupted")[1])
    assert [(each["name"], each["state"]) for each in found] == [("dead-relu-2", "interrupted")]
    assert json.loads(call("runs", "--json", "--scenario", "xor")[1]) == []
    refused(call("runs", "--state", "finishd"), "did you mean finished")


def test_no_runs_yet(store: Store, call: Call) -> None:
    code, out, _ = call("runs")
    assert (code, out) == (0, f"No runs are kept in {store.home}.\n")
    refused(call("replay"), "No runs are stored", "lab run SCENARIO")


def test_replay_gives_the_events_again(store: Store, call: Call) -> None:
    make(store)
    code, out, _ = call("replay", "dead-relu-1", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert events[0]["event"] == "started"
    assert events[-1]["event"] == "ended"
    assert sum(event["event"] == "measured" for event in events) == 24
    assert call("replay", "dead", "--json")[1] == out


def test_replay_as_plain_lines(store: Store, call: Call) -> None:
    make(store)
    code, out, _ = call("replay", "--plain")
    assert code == 0
    assert "1 of 1 claim held" in out


def test_replay_of_a_run_that_broke_off_says_how_far_it_came(store: Store, call: Call) -> None:
    make(store, end="interrupted")
    code, out, _ = call("replay", "--json")
    last = json.loads(out.splitlines()[-1])
    assert code == 0
    assert (last["event"], last["interrupted"]) == ("ended", True)
    assert {(each["variant"], each["seed"]): each["steps"] for each in last["outcomes"]} == dict.fromkeys(
        [("good", 0), ("good", 1), ("hot", 0), ("hot", 1)], 100
    )


def test_replay_keeps_the_pace_that_is_asked_for(store: Store, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    make(store)
    waited: list[float] = []
    spaced = [(2.0 * number, event) for number, event in enumerate(store.events("dead-relu-1"))]
    monkeypatch.setattr(Store, "timed_events", lambda self, name: iter(spaced))
    monkeypatch.setattr("lab.cli.commands.replay.time.sleep", waited.append)
    monkeypatch.setattr("lab.cli.commands.replay.time.monotonic", lambda: 0.0)
    assert call("replay", "--json", "--speed", "4")[0] == 0
    assert waited[:4] == [0.0, 0.5, 1.0, 1.5]
    refused(call("replay", "--speed", "0"), "--speed must be a number from 0.001 to 1e9")
    refused(call("replay", "--speed", "nan"), "--speed must be a number from 0.001 to 1e9")


def test_replay_of_a_running_run_is_refused(store: Store, call: Call) -> None:
    make(store, end=None)
    refused(call("replay"), "dead-relu-1 is still running")
    refused(call("rm", "latest", "--yes"), "dead-relu-1 is still running: stop it first.")


def test_compare_shows_curves_differences_and_final_values(store: Store, call: Call) -> None:
    make(store)
    make(store, rate=0.5)
    code, out, _ = call("compare", "dead-relu-1", "dead-relu-2")
    assert code == 0
    assert "optimizer.rate  0.05         0.5" in out
    assert "train.batch" not in out
    (row,) = [line for line in out.splitlines() if line.startswith("  dead-relu-2 hot")]
    assert "0.006738 (1 not finite)" in row
    assert "b dead-relu-1 hot" in out


def test_compare_in_plain_lines(store: Store, call: Call) -> None:
    make(store)
    make(store, rate=0.5)
    drawn = call("compare", "dead-relu-1", "dead-relu-2")[1]
    code, plain, _ = call("compare", "dead-relu-1", "dead-relu-2", "--plain")
    assert code == 0
    assert drawn.endswith(plain)
    assert len(plain) < len(drawn)
    assert plain.isascii()
    assert call("compare", "dead-relu-1", "dead-relu-2", "--plain", "--json")[0] == 2


def test_compare_for_programs(store: Store, call: Call) -> None:
    make(store)
    make(store, rate=0.5)
    content = json.loads(
        call("compare", "dead-relu-1", "latest", "--json", "--metric", "accuracy", "--variant", "hot")[1]
    )
    assert content["runs"] == ["dead-relu-1", "dead-relu-2"]
    assert content["differences"] == {"optimizer.rate": {"dead-relu-1": 0.05, "dead-relu-2": 0.5}}
    assert {each["variant"] for each in content["curves"]} == {"hot"}
    assert content["curves"][0]["steps"] == [0, 40, 80]
    assert content["final"][1]["values"]["loss"] == "nan"


def test_compare_of_equal_settings_and_unreadable_scenarios(store: Store, call: Call) -> None:
    make(store)
    make(store)
    make(store, text="{", rate=0.5)
    assert "All settings are the same." in call("compare", "dead-relu-1", "dead-relu-2")[1]
    assert "set.optimizer.rate  –            0.5" in call("compare", "dead-relu-1", "dead-relu-3")[1]


def test_compare_tells_what_was_changed_while_a_run_trained(store: Store, call: Call) -> None:
    make(store)
    make(store, changed={"optimizer.rate": 0.01})
    _, out, _ = call("compare", "dead-relu-1", "dead-relu-2")
    assert "All settings were the same when the runs began." in out
    assert "  dead-relu-2  optimizer.rate of hot to 0.01 at step 40" in out
    content = json.loads(call("compare", "dead-relu-1", "dead-relu-2", "--json")[1])
    assert content["changed"]["dead-relu-1"] == []
    told = content["changed"]["dead-relu-2"][0]
    assert (told["variant"], told["step"], told["name"], told["value"]) == ("hot", 40, "optimizer.rate", 0.01)


def test_compare_refuses_what_it_cannot_do(store: Store, call: Call) -> None:
    make(store)
    make(store)
    refused(call("compare", "dead-relu-1", "dead-relu-1"), "at least two different runs")
    refused(call("compare", "dead-relu-1", "dead-relu-2", "--metric", "los"), "did you mean loss")
    refused(call("compare", "dead-relu-1", "dead-relu-2", "--variant", "good2"), "did you mean good")
    refused(call("compare", "dead-relu-1", "deadrelu-2"), "There is no run 'deadrelu-2': did you mean dead-relu-2")


def test_export_by_format_or_by_ending(store: Store, call: Call, tmp_path: Path) -> None:
    make(store)
    assert call("export", "latest", "--format", "csv")[:2] == (0, "Wrote dead-relu-1.csv.\n")
    assert (tmp_path / "dead-relu-1.csv").exists()
    assert call("export", "latest", "--out", "curves.svg")[:2] == (0, "Wrote curves.svg.\n")
    assert (tmp_path / "curves.svg").read_text().startswith("<svg")
    refused(call("export", "latest", "--out", "curves.svg"), "exists already")
    assert call("export", "latest", "--out", "curves.svg", "--force")[0] == 0
    refused(call("export", "latest"), "Choose a format with --format: csv, json")
    refused(call("export", "latest", "--format", "cvs"), "There is no format 'cvs': did you mean csv?")


def test_export_to_stdout(store: Store, call: Call) -> None:
    make(store)
    code, out, _ = call("export", "latest", "--format", "csv", "--out", "-", "--variant", "good", "--seed", "1")
    assert code == 0
    assert out.splitlines()[0] == "variant,seed,step,seconds,loss,grad_norm.dense1,accuracy"
    assert {line.split(",")[0] for line in out.splitlines()[1:]} == {"good"}
    refused(call("export", "latest", "--format", "safetensors", "--out", "-"), "is not text")


def test_rm_needs_a_yes(store: Store, call: Call) -> None:
    make(store)
    make(store)
    refused(call("rm", "latest"), "add --yes to remove dead-relu-2")
    refused(call("rm", "dead-relu-1", "xor", "--yes"), "There is no run 'xor'")
    assert len(store.runs()) == 2
    assert call("rm", "dead-relu-1", "dead-relu-1", "--yes")[:2] == (0, "Removed dead-relu-1.\n")
    assert [info.name for info in store.runs()] == ["dead-relu-2"]


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("", 1), ("no", 1), (None, 1)])
def test_rm_asks_on_a_terminal(
    store: Store, call: Call, monkeypatch: pytest.MonkeyPatch, answer: str | None, left: int
) -> None:
    def typed(question: str) -> str:
        assert question == "Remove dead-relu-1 for good? [y/N] "
        if answer is None:
            raise EOFError
        return answer

    make(store)
    monkeypatch.setattr("lab.cli.commands.rm._on_a_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", typed)
    assert call("rm", "latest")[0] == 0
    assert len(store.runs()) == left


def test_a_damaged_store_is_one_sentence(store: Store, call: Call) -> None:
    store.home.mkdir()
    store.path.write_bytes(b"nonsense" * 1000)
    for command in (["runs"], ["replay"], ["export", "latest", "--format", "csv"], ["rm", "latest", "--yes"]):
        refused(call(*command), str(store.path), "move it away")


def test_export_as_text_to_stdout(store: Store, call: Call) -> None:
    make(store)
    code, out, _ = call("export", "latest", "--format", "txt", "--out", "-", "--metric", "loss")
    assert code == 0
    assert out.startswith("Dead ReLUs\n")
    assert "hot, seed 1: NaN from 60 on" in out
    assert "\x1b" not in out


class Window(io.StringIO):
    """A terminal of 100 × 30 characters that remembers what was written."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


OnScreen = Callable[..., str]


@pytest.fixture
def on_screen(store: Store, monkeypatch: pytest.MonkeyPatch) -> OnScreen:
    """What a command writes to a terminal in true colour."""
    for name, value in {"TERM": "xterm", "COLORTERM": "truecolor", "LINES": "30"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "LAB_PALETTE"):
        monkeypatch.delenv(name, raising=False)

    def lab(*arguments: str) -> str:
        with contextlib.redirect_stdout(Window()) as window:
            assert run(list(arguments)) == 0
        return window.getvalue()

    return lab


BLUE, SKY = "38;2;66;150;240m", "38;2;74;155;200m"  # the first colour of each palette


@pytest.mark.parametrize("command", [["replay", "--speed", "1e9"], ["compare", "dead-relu-1", "dead-relu-2"]])
def test_the_palette_is_an_option_or_a_variable(
    store: Store, on_screen: OnScreen, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(store)
    make(store, rate=0.5)
    assert BLUE in on_screen(*command)
    for option, variable in ((["--palette", "safe"], ""), ([], "safe"), (["--palette", "safe"], "default")):
        monkeypatch.setenv("LAB_PALETTE", variable)
        shown = on_screen(*command, *option)
        assert SKY in shown
        assert BLUE not in shown


@pytest.mark.parametrize("command", ["replay", "resume", "compare", "run"])
def test_a_palette_that_is_not_there_is_refused(
    store: Store, call: Call, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    make(store)
    refused(call(command, "dead-relu", "--palette", "save"), "--palette: there is no palette 'save': did you mean safe")
    monkeypatch.setenv("LAB_PALETTE", "loud")
    refused(call(command, "dead-relu"), "LAB_PALETTE: there is no palette 'loud'")


def test_a_replay_on_a_terminal_leaves_plots_and_verdict_and_shows_no_speed(store: Store, on_screen: OnScreen) -> None:
    make(store)
    shown = on_screen("replay", "--speed", "1e9")
    assert "steps/s" not in shown
    assert "1 of 1 claim held" in shown
    assert "loss" in shown


def test_without_colour_a_comparison_on_a_terminal_has_none(
    store: Store, on_screen: OnScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(store)
    make(store, rate=0.5)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "38;" not in on_screen("compare", "dead-relu-1", "dead-relu-2")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in on_screen("compare", "dead-relu-1", "dead-relu-2")


def test_plotext_is_not_loaded_for_lines_and_json(store: Store) -> None:
    make(store)
    code = (
        "import sys\nfrom lab.cli import run\n"
        "for command in (['--help'], ['replay', '--plain'], ['replay', '--json'], ['runs'], ['export', '--help']):\n"
        "    assert run(command) == 0\n"
        "print('plotext' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "False"  # replayed lines say there how long it took


def test_kept_runs_have_tags_notes_and_names(store: Store, call: Call) -> None:
    make(store)
    make(store, end="interrupted")
    assert call("mark", "dead-relu-1", "--tag", "course", "--tag", "good", "--note", " For Anna ")[:2] == (
        0,
        "dead-relu-1: course, good; For Anna\n",
    )
    call("mark", "dead-relu-2", "--tag", "course")
    _, out, _ = call("runs", "--tag", "course", "--tag", "good")
    header, row, note = out.splitlines()
    assert (header.split()[-1], row.split()[0], row.split()[-2:]) == ("tags", "dead-relu-1", ["course", "good"])
    assert note == "dead-relu-1: For Anna"
    _, out, _ = call("runs", "--tag", "course", "--state", "interrupted", "--scenario", "dead-relu", "--json")
    assert [(each["name"], each["tags"], each["note"]) for each in json.loads(out)] == [("dead-relu-2", ["course"], "")]
    assert call("runs", "--tag", "none")[1].startswith("No such runs")
    curves = store.curves("dead-relu-1")
    assert call("mark", "dead-relu-1", "--name", "best_of_all", "--untag", "good")[0] == 0
    assert [info.name for info in store.runs()] == ["dead-relu-2", "best_of_all"]
    assert store.curves("best_of_all").keys() == curves.keys()
    assert store.weights("best_of_all")
    assert not store.folder("dead-relu-1").exists()
    assert store.info("best_of_all").tags == ("course",)
    assert '"run": "best_of_all"' in call("replay", "best_of_all", "--json")[1]


def test_what_cannot_be_a_mark(store: Store, call: Call) -> None:
    make(store)
    make(store)
    refused(call("mark", "dead-relu-1"), "Say what to change")
    refused(call("mark", "dead-relu-1", "--tag", "two words"), "'two words' cannot be a tag")
    refused(call("mark", "dead-relu-1", "--untag", "no"), "has no tag 'no'")
    refused(call("mark", "dead-relu-1", "--name", "../up", "--tag", "half"), "cannot be the name of a run")
    refused(call("mark", "dead-relu-1", "--name", "whole", "--tag", "two words"), "'two words' cannot be a tag")
    assert "half" not in call("runs")[1]  # of a command that is refused nothing is done
    assert "whole" not in call("runs")[1]
    refused(call("mark", "dead-relu-1", "--name", "latest"), "cannot be the name of a run")
    refused(call("mark", "dead-relu-1", "--name", "dead-relu-2"), "There is a run dead-relu-2 already")
    refused(call("mark", "dead-relu-1", "--note", "a\nb"), "A note is one line")
