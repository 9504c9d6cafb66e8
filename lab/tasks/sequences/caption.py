"""`task: caption`: a network says in words what it sees in an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from kernels.sequence_loss import count_right_steps
from lab.data import Data, Split
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, differentiate
from lab.graph import functions as f
from lab.graph.tensor import call
from lab.metrics.meaning import PLAIN, SHARE
from lab.nets.sequence_states import SequenceStates
from lab.pictures import Images, Picture, Table
from lab.scenario import Scenario
from lab.tasks.sequences.transcribe import meanings_of_sequences
from lab.tasks.sequences.word_training import Examples, Judged, WordTraining, require_pictures
from lab.tasks.task import Task, task
from lab.tasks.training.data import load_split
from lab.validation import Settings

DRAWS = 16
"""So often the same batch is looked at anew, to see how far its gradients lie apart."""
PROBED = 32

METRICS = meanings_of_sequences() | {
    "accuracy": SHARE.of(
        "share of the measured training images whose caption is right in every word", higher_is_better=True
    ),
    "val_accuracy": SHARE.of(
        "share of the measured held-out images whose caption is right in every word", higher_is_better=True
    ),
    "forced_words": SHARE.of(
        "share of words that are right in captions of held-out images, each written behind the right ones",
        higher_is_better=True,
    ),
    "free_words": SHARE.of(
        "share of words that are right in captions of held-out images, each written behind its own words",
        higher_is_better=True,
    ),
    "on_shape": SHARE.of(
        "of the attention before a word that names a shape, the share that lies on cells of the image which "
        "this shape touches, in held-out images",
        higher_is_better=True,
    ),
    "by_chance": SHARE.of("what `on_shape` would be if all cells had the same attention"),
    "gradient_noise": PLAIN.of(
        f"root of the variance of the attention's gradient over {DRAWS} draws of the places looked at, "
        "for one batch and the weights of now; 0 where nothing is drawn",
        higher_is_better=False,
    ),
}


class Options(Settings):
    """Settings of the task `caption`."""

    baseline: Literal["mean", "none"] = Field(
        default="mean",
        description="Of hard attention: what is subtracted from the reward of a draw, the mean reward of the other "
        "images of the batch, or nothing.",
    )


@task("caption")
class Caption(Task):
    """A network says in words what it sees in an image: trained with the right words so far (teacher forcing), measured
    with its own as well.

    The layers in `model` end in a `writer`. Hard attention is trained with REINFORCE: the reward of a place is the
    log-probability of the right words from there on (Xu et al. 2015).
    """

    Options = Options
    goes_through_examples = True
    metrics = METRICS
    pictures: ClassVar = {
        "attention": "the first shown image once before each word, bright where the network looks",
        "images": "images that were held back, and whether the captions are right",
        "captions": "what is written about them, and what would be right",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Captioning:
        split = load_split(scenario, seed, folder, "classes")
        require_pictures(split.train, split.train.targets.ndim == 2, "shape-captions")
        return Captioning(scenario, seed, folder, self.options(scenario), split)


class Captioning(WordTraining):
    """One replica; see `lab.tasks.task.Experiment`."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options, split: Split) -> None:
        self._probe = Storage("statistics")
        super().__init__(scenario, seed, folder, options, split)
        if "gradient_noise" in self.metrics:
            self.host_measurements.append(Captioning._noise)

    def states(self, examples: Examples, words: Tensor | None = None, length: int = 0) -> SequenceStates:
        """What the writer is given beside what it writes about: the right words so far, or how many it writes."""
        return SequenceStates(words=words, length=length)

    def judge(self, examples: Examples, training: bool) -> Judged:
        targets = examples.targets
        batch, length = targets.shape
        before = f.concatenate([constant(np.zeros((batch, 1)), "start"), targets[:, :-1]], axis=1)
        states = self.states(examples, words=before)
        output, layers = self.network.apply(examples.inputs, training=training, sequence=states)
        if output.shape != (batch, length, self.split.train.outputs):
            raise InvalidValue(
                ("model", len(self.scenario.model) - 1),
                f"the network must end in a writer, such as {{writer: 64}}, not in {list(output.shape[1:])} numbers.",
            )
        mask = spoken(targets)
        loss = f.masked_cross_entropy(output, targets, mask)
        if training and (drawn := found(states, "drawn")) is not None:
            loss = f.add(loss, self._reinforced(output, targets, mask, found(states, "scores"), drawn))
        rows, wanted = output.reshape(batch * length, -1), targets.reshape(batch * length)
        whole = call(count_right_steps, rows, wanted, mask.reshape(batch * length), steps=length).results[1]
        return Judged(loss, whole, rows, wanted, layers, states)

    def _reinforced(
        self, output: Tensor, targets: Tensor, mask: Tensor, scores: Tensor | None, drawn: Tensor
    ) -> Tensor:
        """What REINFORCE adds to the loss: each draw is made likelier by the reward of all words from there on."""
        assert scores is not None
        batch, length = targets.shape
        rewards = f.multiply(f.log_probability(output, targets), mask)
        later = constant(np.tril(np.ones((length, length))), "from here on")
        rewards = f.matmul(rewards, later)
        if self.options.baseline == "mean" and batch > 1:
            others = f.broadcast(f.sum(rewards, of="columns").reshape(1, length), rewards.shape)
            rewards = f.multiply(
                f.subtract(rewards, f.multiply(others, constant(1 / batch))), constant(batch / (batch - 1))
            )
        chosen = f.log_probability(scores, drawn)
        total = f.score_function_loss(chosen, f.multiply(rewards, mask))
        return f.divide(total, f.sum(mask))

    def measured_too(self, judged: Judged, examples: Examples, data: Data) -> dict[str, Tensor]:
        targets = examples.targets
        batch, length = targets.shape
        mask, states = spoken(targets), self.states(examples, length=length)
        free, _ = self.network.apply(examples.inputs, training=False, sequence=states)
        wanted, counted = targets.reshape(batch * length), mask.reshape(batch * length)
        said = f.sum(mask)
        shares = {}
        for name, rows in (("forced_words", judged.answers), ("free_words", free.reshape(batch * length, -1))):
            right = call(count_right_steps, rows, wanted, counted, steps=length).results[0]
            shares[name] = f.divide(right, said)
        weights = found(judged.states, "weights")
        if weights is not None and data.evidence is not None and data.image_shape is not None:
            cells = cells_of(data.evidence, data.image_shape[:2], weights.shape[2])
            named = max(1, int(cells.any(axis=2).sum()))
            on_shape = f.sum(f.multiply(weights, constant(cells, "shapes")))
            shares["on_shape"] = f.multiply(on_shape, constant(1 / named))
            shares["by_chance"] = f.identity(constant(cells.sum() / named / weights.shape[2]))
        return shares

    # How far apart the gradients of draws lie

    def extra(self) -> tuple[str, ...]:
        return ("gradient_noise",)

    def more_programs(self) -> dict[str, list[Any]]:
        if "gradient_noise" not in self.scenario.watch:
            return {}
        few = self.split.train.rows(np.arange(min(PROBED, self.split.train.count)))
        judged = self.judge(self.whole(few, "probed"), training=True)
        members = self.network.parameters.members
        chosen = [
            each for name, each in members.items() if name.endswith((".query.weight", ".key.weight", ".fit.weight"))
        ]
        gradients = differentiate(judged.loss, chosen) if chosen else []
        return {
            "probe": [
                assign(each, self._probe.member(str(place), each.shape))
                for place, each in enumerate(gradients)
                if each is not None
            ]
        }

    def _noise(self) -> dict[str, float]:
        draws = []
        for draw in range(DRAWS):
            self.run_at("probe", self.step * DRAWS + draw + 1)
            draws.append(
                np.concatenate([np.zeros(1), *(each.ravel() for each in self.numbers(self._probe.members).values())])
            )
        return {"gradient_noise": float(np.sqrt(np.var(draws, axis=0, ddof=1).sum()))}

    # What there is to see

    def looked(self) -> dict[str, Tensor]:
        examples = self.whole(self.shown, "shown")
        states = self.states(examples, length=examples.targets.shape[1])
        output, _ = self.network.apply(examples.inputs, training=False, sequence=states)
        weights = found(states, "weights")
        kept = {"words": f.argmax(output.reshape(examples.targets.size, -1), of="rows")}
        return kept if weights is None else kept | {"weights": weights}

    def pictures(self) -> list[Picture]:
        seen, images = self.seen(), self.shown_images()
        classes = self.split.train.classes
        words = seen["words"].astype(int).reshape(self.shown.targets.shape)
        rows = []
        for number, (row, right) in enumerate(zip(words, self.shown.targets, strict=True)):
            written, wanted = sentence(row, classes), sentence(right, classes)
            rows.append((str(number + 1), written, "right" if written == wanted else wanted))
        captions = tuple(f"{row[0]} {'right' if row[2] == 'right' else 'wrong'}" for row in rows)
        which = "Held-out images" if self.split.validation is not None else "Images"
        made: list[Picture] = [
            Images(which, images, captions, name="images"),
            Table("What it writes", ("image", "written", "right is"), tuple(rows), name="captions"),
        ]
        if "weights" in seen:
            made.insert(0, self._attention(images[0], words[0], seen["weights"][0]))
        return made

    def _attention(self, image: np.ndarray, words: np.ndarray, weights: np.ndarray) -> Picture:
        """The first shown image once for each word, bright where it looked before it wrote it."""
        height, width = image.shape[:2]
        rows, columns = grid_of((height, width), weights.shape[1])
        count = int(np.argmax(words == 0)) if (words == 0).any() else len(words)
        views, captions = [image], ["image"]
        for word, chances in zip(words[:count], weights, strict=False):
            light = chances.reshape(rows, columns)[np.arange(height) * rows // height]
            light = light[:, np.arange(width) * columns // width]
            views.append(image * (0.25 + 0.75 * np.minimum(1, light / light.max()))[..., None])
            captions.append(self.split.train.classes[word])
        stack = np.stack(views).astype(np.float32)
        return Images("Where it looks for each word", stack, tuple(captions), name="attention")


def found(states: SequenceStates, name: str) -> Tensor | None:
    """What the writer left behind under a name, if it did."""
    return next((each for full, each in states.seen.items() if full.endswith(f".{name}") and "writer" in full), None)


def spoken(targets: Tensor) -> Tensor:
    """1 at the words of sentences and at their first end, 0 behind it: [batch, time]."""
    first = constant(np.ones((targets.shape[0], 1)), "first word")
    return f.concatenate([first, f.minimum(targets[:, :-1], constant(1.0))], axis=1)


def sentence(words: np.ndarray, classes: tuple[str, ...]) -> str:
    """Words up to the end as a text."""
    end = int(np.argmax(words == 0)) if (words == 0).any() else len(words)
    return " ".join(classes[each] for each in words[:end])


def grid_of(size: tuple[int, int], places: int) -> tuple[int, int]:
    """Rows and columns of so many places in an image of this size. Raises InvalidValue if they are no grid."""
    rows = round((places * size[0] / size[1]) ** 0.5)
    if rows * (places // max(rows, 1)) != places:
        raise InvalidValue(("model",), f"{places} places are no grid over an image of {size[0]}×{size[1]} pixels.")
    return rows, places // rows


def cells_of(boxes: np.ndarray, size: tuple[int, int], places: int) -> np.ndarray:
    """Which of the cells that an image is divided into a box touches, 1 or 0: [n, words, 4] to [n, words, places]."""
    rows, columns = grid_of(size, places)
    down, along = np.arange(rows) * size[0] / rows, np.arange(columns) * size[1] / columns
    first, left, last, right = (boxes[..., side, None] for side in range(4))
    by_row = (down < last) & (down + size[0] / rows > first)
    by_column = (along < right) & (along + size[1] / columns > left)
    return (by_row[..., :, None] & by_column[..., None, :]).reshape(*boxes.shape[:2], places).astype(np.float32)
