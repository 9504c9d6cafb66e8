"""`lab schema`: what a scenario file may contain, for editors that complete and check while one types."""

from __future__ import annotations

import json


def command() -> None:
    """The JSON Schema of scenario files, for editors.

    Write it to a file with `lab schema > scenario.schema.json`, and put this on top of a scenario:
    `# yaml-language-server: $schema=scenario.schema.json`
    """
    from lab.scenario.schema import json_schema
    from lab.tasks import load_tasks

    print(json.dumps(json_schema(load_tasks()), indent=2, ensure_ascii=False))
