"""The command line and a full screen on a system that has nothing of what only Linux, or only Unix, has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from lab.cli import main
main({arguments!r})
"""

SCREEN = """
from tests.tui.run.driving import DESCENT, over, run

async def watched(screen, pilot):
    await over(screen, pilot)
    print("seen")

run(watched, text=DESCENT)
"""


def elsewhere(code: str, home: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"LAB_HOME": str(home), "LAB_CONFIG": str(home / "settings.yaml")}
    # Textual's own driver is another one on each system.
    environment["TEXTUAL_DRIVER"] = "textual.drivers.headless_driver:HeadlessDriver"
    return subprocess.run(
        [sys.executable, "-m", "tests.elsewhere", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


def test_what_is_missing_elsewhere_is_missing(home):
    code = (
        "import os, signal\nassert not os.path.exists('/proc/self') and not hasattr(signal, 'SIGHUP')\nimport termios"
    )
    assert "No module named 'termios'" in elsewhere(code, home).stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list"], "dead-relu"),
        (["run", "dead-relu", "--steps", "20", "--plain"], "step 20"),
        (["runs"], "dead-relu"),
        (["doctor"], "cores"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_command_line(arguments, told, home):
    done = elsewhere(PROGRAM.format(arguments=arguments), home)
    # A run of so few steps may fall short of its claims.
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert told in done.stdout


def test_a_screen(home):
    done = elsewhere(SCREEN, home)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "seen\n"


def test_the_way_in_needs_no_unix_terminal(home):
    code = "from lab.terminal import tty_attributes\nimport lab.tui.opening\nprint(tty_attributes.read(0))"
    assert elsewhere(code, home).stdout == "None\n"


def test_a_run_counts_as_alive_while_it_reports_where_no_process_can_be_asked_for(home, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code = "import time\nfrom lab.store.process import SILENCE_SECONDS, is_alive, this_process\n"
    code += "own, now = this_process(), time.time()\n"
    code += "print(is_alive(own, now), is_alive(own, now - 2 * SILENCE_SECONDS))"
    assert elsewhere(code, home).stdout == "True False\n"
