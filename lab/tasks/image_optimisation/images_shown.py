"""Pictures of images that are being made."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np

from lab.pictures import Images, Picture, Table
from lab.tasks.figures.filters import LINE, MOMENTS, moments, side_by_side
from lab.tasks.figures.mistakes import in_colour_or_grey

if TYPE_CHECKING:
    from lab.tasks.image_optimisation.image_optimisation import ImageOptimisation

BETWEEN, NOTHING = 0.5, 0.0
"""Grey of what stands between images, and of a place where there is none."""


class ImagesShown:
    """What there is to see; see `pictures` of the task."""

    def __init__(self, experiment: ImageOptimisation) -> None:
        # The experiment has this. If this had the experiment, too, its memory would wait for the collector of cycles.
        self._of: ImageOptimisation = weakref.proxy(experiment)

    def pictures(self) -> list[Picture]:
        of, found = self._of, self._of.found()
        made = self._seen(found["images"])
        title = "The images now" if of.judge is None else "The images now, and what the judge says"
        pictures: list[Picture] = [Images(title, made, self._said(found), name="made")]
        if of.wanted.content is not None or of.options.style or of.options.start == "content":
            pictures.append(self._beside(made))
        pictures.append(self._over_time(made))
        if of.options.score:
            pictures.append(self._ascent(found))
        return pictures

    def _seen(self, images: np.ndarray) -> np.ndarray:
        low, high = self._of.value_range
        return in_colour_or_grey(np.clip((images - low) / (high - low), 0, 1)).astype(np.float32)

    def _targets(self) -> list[str]:
        """What each image is to become, where it is for a unit."""
        of, classes = self._of, self._of.split.train.classes
        if not of.options.score:
            return [""] * of.count
        if of.options.target_layer is None:
            return list(classes[: of.count])
        return [f"channel {number}" for number in range(of.count)]

    def _said(self, found: dict[str, np.ndarray]) -> tuple[str, ...]:
        """What each is for, and what the network says that it is, with its probability; or, where there is a judge,
        what that says."""
        output = found.get("judged", found["output"])
        shares = np.exp(output - output.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        classes, said = self._of.split.train.classes, []
        for target, row in zip(self._targets(), shares, strict=True):
            best = int(row.argmax())
            answer = f"{classes[best]} {100 * row[best]:.0f} %"
            said.append(answer if target in ("", classes[best]) else f"{target}:\n{answer}")
        return tuple(said)

    def _beside(self, made: np.ndarray) -> Picture:
        of = self._of
        contents, styles = self._seen(of.contents), self._seen(of.styles)
        has_content = bool(of.options.content) or of.options.start == "content"
        rows, names = [], [*(["content"] if has_content else []), "made"]
        common = bool(of.options.style) and has_content and len(styles) == 1 < of.count
        for number, image in enumerate(made):
            parts = [styles[number % len(styles)]] if of.options.style and not common else []
            parts += [contents[number]] if has_content else []
            rows.append(side_by_side([*parts, image], BETWEEN))
        title = ", ".join(names if common or not of.options.style else ["style", *names])
        if common:  # It stands once, before the others, which have more room so.
            rows.insert(0, side_by_side([styles[0], np.full_like(styles[0], NOTHING)], NOTHING))
            title = f"the style; {title}"
        return Images(title.capitalize(), np.stack(rows).astype(np.float32), name="beside")

    def _over_time(self, made: np.ndarray) -> Picture:
        steps, images = self._of.recording.history("images")
        if not len(steps):
            steps, images = np.array([self._of.step]), self._of.read(self._of.measured.members["images"])[None]
        chosen = moments(steps)
        strips = []
        for number in range(images.shape[1]):
            parts = list(self._seen(images[chosen, number].astype(np.float64)))
            parts += [np.full_like(parts[0], LINE)] * (MOMENTS - len(parts))
            strips.append(side_by_side(parts, BETWEEN))
        told = f"steps {', '.join(f'{step:,}' for step in steps[chosen].tolist())}"
        captions = (told, *[""] * (len(strips) - 1))
        return Images("From the start to now", np.stack(strips).astype(np.float32), captions, name="over_time")

    def _ascent(self, found: dict[str, np.ndarray]) -> Picture:
        best = self._of.real.best
        assert best is not None
        rows = []
        for number, target in enumerate(self._targets()):
            score = found["score"][number]
            if found["gradient"][number] == 0:
                said = "stuck: the unit's input is below 0, no pixel has a gradient"
            else:
                said = "above all real images" if score > best[number] else "below the best real one"
            cells = (target, f"{score:.3g}", f"{best[number]:.3g}", f"{found['total_variation'][number]:.3g}", said)
            rows.append(cells)
        return Table("The ascent", ("image for", "score", "best real", "variation", ""), tuple(rows), name="ascent")
