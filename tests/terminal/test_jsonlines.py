import io
import json
import math
import subprocess
import sys

import numpy as np

from lab.events import Ended, Failed, Measured, from_json
from lab.terminal import reporter
from tests.terminal.streams import capabilities, started, whole_run


def written(events):
    stream = io.StringIO()
    shown = reporter("json", stream=stream, capabilities=capabilities())
    for event in events:
        shown.handle(event)
    shown.close()
    return stream.getvalue().splitlines()


def test_every_line_is_an_event_and_the_last_is_the_end():
    events = list(whole_run(picture=False))
    lines = written(events)
    assert [from_json(json.loads(line)) for line in lines if "NaN" not in line and '"nan"' not in line] == [
        event for event in events if not (isinstance(event, Measured) and event.diverged)
    ]
    assert json.loads(lines[-1])["event"] == "ended"


def test_numbers_that_json_cannot_carry_are_words():
    (line, _) = written([Measured("hot", 0, 5, {"loss": math.nan, "grad_norm": math.inf}, diverged="loss is NaN")])
    assert json.loads(line)["values"] == {"loss": "nan", "grad_norm": "inf"}
    assert "NaN," not in line


def test_numbers_of_numpy_are_numbers():
    (line, _) = written([Measured("good", np.int64(0), np.int64(5), {"loss": np.float32(0.5)})])
    assert json.loads(line)["values"] == {"loss": 0.5}


def test_a_stream_that_breaks_off_ends_with_failed():
    assert json.loads(written([started()])[-1])["event"] == "failed"


def test_nothing_follows_the_end():
    end = Ended(False, True, 0, 0, 1.0, ())
    assert len(written([end, started(), Failed("late")])) == 1


def test_a_reader_that_leaves_early_causes_no_traceback():
    program = (
        "import sys\n"
        "from lab.events import Failed\n"
        "from lab.terminal import reporter\n"
        "shown = reporter('json')\n"
        "from lab.events import Measured\n"
        "for step in range(200_000):\n"
        "    shown.handle(Measured('good', 0, step, {'loss': 1.0}))\n"
        "    if shown.broken:\n"
        "        break\n"
        "shown.close()\n"
        "sys.exit(0 if shown.broken else 5)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    complaint = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=120), complaint) == (0, b"")
