"""What a task refuses before anything is trained."""

from __future__ import annotations

import pytest

from lab.errors import InvalidValue
from lab.scenario import Scenario
from lab.tasks import task_of


def require_refusal(chosen: Scenario, path: str, message: str) -> None:
    """The scenario's task refuses it, at this dotted path, with this in its sentence."""
    with pytest.raises(InvalidValue) as caught:
        task_of(chosen).check(chosen, None)
    assert ".".join(map(str, caught.value.path)) == path
    assert message in str(caught.value)
