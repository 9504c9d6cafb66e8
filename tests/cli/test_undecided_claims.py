"""After an interruption a claim that does not hold yet is undecided: at the end it might have held."""

import json

from lab.events import Claimed, from_json, to_json
from lab.session.verdict import undecided
from lab.terminal import sentences
from lab.terminal.style import Style
from lab.terminal.verdict import _claim

SHORT = Claimed("It learns.", "last(a.loss) < 1", False, {0: False, 1: True}, {0: "2 < 1"}, {}, {"a": (20, 60)})
HELD = Claimed("It learns.", "last(a.loss) < 1", True, {0: True}, {0: "0 < 1"}, {}, {"a": (20, 60)})
ENDED = Claimed("It learns.", "last(a.loss) < 1", False, {0: False}, {0: "2 < 1"})
LONGER = Claimed("It learns.", "last(a.loss) < 1", False, {0: False}, {0: "2 < 1"}, {}, {"a": (80, 60)})


def test_only_what_is_not_over_and_does_not_hold_is_undecided():
    assert undecided(SHORT).undecided
    assert not any(undecided(each).undecided for each in (HELD, ENDED, LONGER))


def test_it_is_told_as_undecided():
    claim = undecided(SHORT)
    assert sentences.held(claim) == "undecided: not so yet on 1 of 2 seeds"
    assert "undecided" in _claim(claim, 80, Style())[0].plain
    assert "fell short" in _claim(SHORT, 80, Style())[0].plain
    assert from_json(json.loads(json.dumps(to_json(claim)))) == claim
    assert "undecided" not in to_json(SHORT)
