"""`lab schema`: what a scenario file may contain, for editors that complete and check while one types."""

from __future__ import annotations

import json


def command() -> None:
    """The JSON Schema of scenario files, for editors.

    Write it to a file with `lab schema > scenario.schema.json`, and put `# yaml-language-server:
    $schema=scenario.schema.json` on top of a scenario.
    """
    from lab.scenario.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
