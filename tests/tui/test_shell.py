"""What holds on every screen: keys and their table, settings, themes, terminals with less, help, menu, copying."""

import asyncio
import dataclasses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.errors import BadInput, InvalidValue
from lab.scenario import load, parse_setting
from lab.scenario.writing import flow
from lab.terminal.capabilities import NO_COLOURS, TRUE_COLOURS, Capabilities
from lab.tui import keys, settings, themes
from lab.tui.app import LabApp
from lab.tui.ascii import ascii_cells
from lab.tui.copying import as_yaml, command_line
from lab.tui.live import LiveSessions
from lab.tui.progress import Progress
from lab.tui.settings import Settings
from tests.tui.driving import drive, keep_run, matches_snapshot, screen_lines, screen_text, shows, until, write

SIZES = [(80, 24), (120, 40), (200, 60)]


# Keys


def test_every_key_of_the_table_survives_tmux():
    for screen, rows in keys.table().items():
        for row in rows:
            for key in row.keys.split(","):
                assert keys.survives(key), (screen, row.action, key)


def test_no_screen_has_a_key_twice():
    for screen, rows in keys.table().items():
        used = [key for row in rows for key in row.keys.split(",")]
        if screen != "everywhere":
            used += [key for row in keys.TABLE["everywhere"] for key in row.keys.split(",")]
        assert len(used) == len(set(used)), screen


def test_every_action_has_a_name_of_its_own_and_a_sentence():
    names = list(keys.identifiers())
    assert len(names) == len(set(names))
    assert all(row.meaning.endswith(".") for rows in keys.table().values() for row in rows)


def test_every_key_calls_a_method():
    from lab.tui.copying import CopiedScreen
    from lab.tui.explore.screen import ExploreScreen
    from lab.tui.guess.screen import GuessScreen
    from lab.tui.problems import ProblemDialog
    from lab.tui.run.diagnosis_screen import DiagnosisScreen
    from lab.tui.runs.compare import CompareScreen
    from lab.tui.runs.evaluation import EvaluationScreen
    from lab.tui.runs.export import ExportScreen
    from lab.tui.runs.screen import RunsScreen

    screens = {
        "everywhere": LabApp, "explore": ExploreScreen, "guess": GuessScreen, "runs": RunsScreen,
        "compare": CompareScreen, "export": ExportScreen, "dialog": CopiedScreen, "problem": ProblemDialog,
        "evaluation": EvaluationScreen, "diagnosis": DiagnosisScreen,
    }  # fmt: skip
    assert set(screens) == set(keys.TABLE)
    for screen, kind in screens.items():
        for row in keys.TABLE[screen]:
            assert hasattr(kind, f"action_{row.action.partition('(')[0]}"), (screen, row.action)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"explore.serch": "f3"}, "did you mean explore.search"),
        ({"explore.search": "ctrl+b"}, "tmux"),
        ({"explore.search": "ctrl+shift+f"}, "tmux"),
        ({"explore.search": " , "}, "no key"),
        ({"explore.search": "n"}, "already the key of explore.next_lesson"),
        ({"explore.search": "f1"}, "already the key of everywhere.explain"),
    ],
)
def test_keys_that_cannot_be(chosen, told):
    with pytest.raises(BadInput, match=told):
        keys.keymap(chosen)


def test_signs_and_several_keys_may_be_given():
    assert keys.keymap({"explore.search": "?, f3", "everywhere.explain": "f1"}) == {
        "explore.search": "question_mark,f3",
        "everywhere.explain": "f1",
    }


@pytest.mark.usefixtures("library")
def test_other_keys_from_the_settings_work_and_are_shown():
    async def script(app, pilot):
        assert "f3 Search" in screen_text(app)
        await pilot.press("f3", "x")
        await until(pilot, lambda: app.screen.query_one("#search").value == "x")
        await pilot.press("f1")
        await shows(pilot, "│ f3 ")

    drive(script, size=(120, 60), settings=Settings(keys=keys.keymap({"explore.search": "f3"})))


# Settings


def read(path, text):
    path.write_text(text, encoding="utf-8")
    return settings.read(path)


def test_without_a_file_everything_is_as_documented(tmp_path):
    assert settings.read(tmp_path / "absent.yaml") == (Settings(), None)
    assert read(tmp_path / "s.yaml", "") == (Settings(), None)
    assert read(tmp_path / "s.yaml", settings.example()) == (Settings(), None)
    assert settings.explanations().keys() == {each.name for each in dataclasses.fields(Settings)}
    assert all(len(text) > 20 for text in settings.explanations().values())


def test_a_settings_file(tmp_path):
    chosen, complaint = read(tmp_path / "s.yaml", "theme: light\nguess: false\nfps: 2\nkeys: {runs.delete: f8}\n")
    assert complaint is None
    assert chosen == Settings(theme="light", guess=False, fps=2.0, keys={"runs.delete": "f8"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("them: light", ":1:1: .*did you mean theme"),
        ("theme: ligth", ":1:8: .*did you mean light"),
        ("guess: maybe", ":1:8: .*true or false"),
        ("fps: 100", ":1:6: .*0.1 to 10"),
        ("fps: .nan", ":1:"),
        ("mouse: 1", "true or false"),
        ("folder: [a]", "folder"),
        ("keys: [a]", "action"),
        ("keys: {explore.run: true}", "not a key"),
        ("keys: {explore.flun: f3}", "no action"),
        ("- a", "key: value"),
        ("{", "not valid YAML"),
        ("theme: &x light", "anchors"),
        ("theme: light\ntheme: dark", "twice"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_one_sentence_and_defaults(tmp_path, text, told):
    chosen, complaint = read(tmp_path / "s.yaml", text)
    assert chosen == Settings()
    assert complaint is not None
    assert "\n" not in complaint
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(complaint)


def test_settings_that_are_no_file(tmp_path):
    assert settings.read(tmp_path)[1] is not None
    (tmp_path / "binary").write_bytes(b"\x00\xff")
    assert "binary" in (settings.read(tmp_path / "binary")[1] or "")


def test_where_the_settings_are(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_CONFIG", str(tmp_path / "x.yaml"))
    assert settings.settings_path() == tmp_path / "x.yaml"
    monkeypatch.delenv("LAB_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings.settings_path().name == "settings.yaml"


def test_not_a_mapping():
    with pytest.raises(InvalidValue):
        settings.from_mapping(3)


# Themes and terminals


@pytest.mark.usefixtures("library")
def test_themes_follow_one_another_and_the_last_is_remembered():
    async def script(app, pilot):
        seen = [app.theme]
        for _ in range(4):
            await pilot.press("f2")
            seen.append(app.theme)
        assert seen == ["dark", "light", "safe-dark", "safe-light", "dark"]
        await pilot.press("f2", "f2")
        assert app.style.palette == "safe-dark"

    drive(script)
    assert Progress().theme == "safe-dark"
    assert LabApp().theme == "safe-dark"
    assert LabApp(settings=Settings(theme="light")).theme == "light"
    assert LabApp(capabilities=Capabilities(True, True, 80, 24, 16, True)).theme == "terminal"


def test_held_and_fell_short_differ_in_brightness_or_blueness_for_the_colour_blind():
    from textual.color import Color

    for name in ("safe-dark", "safe-light"):
        theme = themes.THEMES[name]
        held, short = Color.parse(theme.success), Color.parse(theme.error)
        assert abs(held.b - short.b) > 60
        assert themes.palette_of(name) == name


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("size", SIZES)
def test_without_colour_nothing_is_coloured_and_the_cursor_is_still_seen(size):
    keep_run()

    async def script(app, pilot):
        await shows(pilot, "✓ One line")
        styles = [segment.style for line in screen_lines(app) for segment in line if segment.style is not None]
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
        (cursor,) = [line for line in screen_lines(app) if "✓ One line" in "".join(each.text for each in line)]
        assert any(segment.style.reverse for segment in cursor if "One line" in segment.text)
        await matches_snapshot(app, "colourless")

    drive(script, size=size, capabilities=Capabilities(True, True, *size, NO_COLOURS, True))


@pytest.mark.usefixtures("library")
def test_an_ascii_terminal_gets_nothing_but_ascii():
    keep_run()

    async def script(app, pilot):
        await shows(pilot, "+ One line")
        assert screen_text(app).isascii()
        await matches_snapshot(app, "ascii")
        await pilot.press("r")
        await shows(pilot, "1 kept")
        assert screen_text(app).isascii()

    drive(script, capabilities=Capabilities(True, True, 80, 24, TRUE_COLOURS, False))


@given(st.text())
def test_ascii_takes_as_many_columns(text):
    from rich.cells import cell_len

    text = "".join(each for each in text if each.isprintable())
    assert ascii_cells(text).isascii()
    assert cell_len(ascii_cells(text)) == sum(cell_len(each) for each in text)


# Help, menu, copying


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("size", SIZES)
def test_help_explains_the_screen(size):
    async def script(app, pilot):
        await pilot.press("question_mark")
        await shows(pilot, "On this screen")
        await matches_snapshot(app, "help")
        await pilot.press("end")
        await shows(pilot, "everywhere.next_theme")
        await pilot.press("question_mark", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 2)

    drive(script, size=size)


@pytest.mark.usefixtures("library")
def test_the_menu_finds_commands_lessons_and_themes():
    async def script(app, pilot):
        await pilot.press("ctrl+p")
        await write(pilot, "last words")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.screen, "item", None) and app.screen.item.slug == "last-words")
        await pilot.press("ctrl+p")
        await write(pilot, "theme light")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "light")

    drive(script)


@pytest.mark.usefixtures("library")
def test_copying_shows_and_copies():
    async def script(app, pilot):
        await pilot.press("y")
        await shows(pilot, "lab run one-line")
        assert app.clipboard == "lab run one-line"
        await pilot.press("escape", "Y")
        await until(pilot, lambda: app.clipboard.startswith("title: One line"))

    drive(script)


@pytest.mark.usefixtures("library")
def test_the_line_repeats_seeds_steps_and_variants():
    loaded = load("one-line", {"model": [{"dense": 3}, "relu"], "train.steps": 7, "title": "it's"})
    line = command_line(loaded, seeds=(4, 5, 6), steps=9, variants=["small"])
    assert line == (
        "lab run one-line --set 'model=[{dense: 3}, relu]' --set train.steps=7 --set 'title=it'\"'\"'s' "
        "--variant small --steps 9 --seeds 4:7"
    )
    assert command_line(load("one-line"), seeds=(0,)) == "lab run one-line"
    assert command_line(load("one-line"), seeds=(0, 1)) == "lab run one-line --seeds 2"
    assert command_line(load("one-line"), seeds=(1, 2, 7)) == "lab run one-line --seeds 1,2,7"


@pytest.mark.usefixtures("library")
def test_the_copied_file_is_the_same_scenario(tmp_path):
    assert as_yaml(load("one-line")) == load("one-line").text
    changed = load("one-line", {"optimizer.rate": 1e-5, "data.noise": 0.25})
    path = tmp_path / "one-line.yaml"
    path.write_text(as_yaml(changed), encoding="utf-8")
    assert load(path).scenario == changed.scenario


numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=20)
names = st.from_regex("[a-z]{1,8}", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@given(values)
@example("0E0")
@example("0o17")
@example(["1.", "+.5e3"])
def test_set_reads_what_flow_writes(value):
    assert parse_setting(f"a.b={flow(value)}") == ("a.b", value)


# Sessions that are going on


class FakeSession:
    def __init__(self, log, ends=True):
        self.log, self.ends, self.ended = log, ends, None

    def stop(self):
        self.log.append("stop")

    def wait(self, timeout=None):
        self.log.append("wait")
        return self.ends


def test_live_sessions_are_ended_and_closed_once():
    log = []
    live = LiveSessions()
    first, second = FakeSession(log), FakeSession(log)
    live.add(first, lambda: log.append("closed"))
    live.add(second)
    live.remove(second)
    live.stop_all()
    live.stop_all()
    assert log == ["stop", "wait", "closed"]


def test_a_session_that_does_not_end_is_left_unclosed_so_that_it_can_be_resumed():
    log = []
    live = LiveSessions()
    live.add(FakeSession(log, ends=False), lambda: log.append("closed"))
    live.stop_all(0.01)
    assert log == ["stop", "wait"]
    assert live.interrupted == 1


@pytest.mark.usefixtures("library")
def test_an_error_before_there_is_a_screen_ends_the_lab_without_a_page_of_traceback(capfd, monkeypatch):
    from lab.tui.explore.screen import ExploreScreen

    class Broken(Exception):
        pass

    def fail(*_):
        raise Broken("oh")

    async def run():
        monkeypatch.setattr(ExploreScreen, "render_lines", fail)
        async with app.run_test():
            for _ in range(600):
                if app.failure is not None:
                    break
                await asyncio.sleep(0.1)

    app = LabApp()
    with pytest.raises(Broken):
        asyncio.run(run())
    assert isinstance(app.failure, Broken)
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.usefixtures("library")
def test_every_screen_bears_any_size():
    keep_run()
    keep_run()

    async def script(app, pilot):
        sizes = [(200, 60), (1, 1), (40, 10), (80, 24)]
        for pressed in (
            (),
            ("question_mark",),
            ("escape", "r"),
            ("space", "space", "c"),
            ("escape", "x"),
            ("escape", "y"),
        ):
            await pilot.press(*pressed)
            for size in sizes:
                await pilot.resize_terminal(*size)
        await shows(pilot, "lab run one-line")

    drive(script)
