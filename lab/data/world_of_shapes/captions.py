"""`captions`: one sentence for each picture, exact, and the only one of its kind that is true."""

from __future__ import annotations

import numpy as np

from lab.data.world_of_shapes.scenes import Scenes


def captions(scenes: Scenes) -> list[str]:
    """What is in each picture, in small letters, words separated by one blank.

    One shape: "a large red circle". Two: the one further up or further left first, "a small red circle above a large
    blue square", or "left of", whichever of the two distances between their centres is larger. More: from left to
    right, "a small red circle then a large blue square then a small white cross".
    """
    return [_caption(scenes, scene) for scene in range(len(scenes))]


def _caption(scenes: Scenes, scene: int) -> str:
    names = [f"a {name}" for name in scenes.names(scene)]
    if len(names) == 1:
        return names[0]
    centre = scenes.centre[scene, : len(names)]
    if len(names) > 2:
        return " then ".join(names[place] for place in np.argsort(centre[:, 1], kind="stable"))
    down, along = centre[1] - centre[0]
    above = abs(down) > abs(along)
    first, second = names if (down if above else along) > 0 else names[::-1]
    return f"{first} {'above' if above else 'left of'} {second}"
