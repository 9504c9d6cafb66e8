"""`task: answer`: a network answers questions about images."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from lab.errors import InvalidValue
from lab.graph import Tensor
from lab.graph import functions as f
from lab.metrics import device_metric_meanings
from lab.metrics.meaning import SHARE
from lab.nets.sequence_states import SequenceStates
from lab.pictures import Images, Picture, Table
from lab.scenario import Scenario
from lab.tasks.sequences.caption import sentence
from lab.tasks.sequences.word_training import Examples, Judged, WordTraining, require_pictures
from lab.tasks.task import Task, task
from lab.tasks.training.classify import count_correct
from lab.tasks.training.data import load_split

METRICS = device_metric_meanings("classes") | {
    "accuracy": SHARE.of(
        "share of the questions on the measured training images that are answered right", higher_is_better=True
    ),
    "val_accuracy": SHARE.of(
        "share of the questions on the measured held-out images that are answered right", higher_is_better=True
    ),
}


@task("answer")
class Answer(Task):
    """A network answers questions about images, each with one of the answers that there are.

    A layer `question` reads the question; the layers in `model` end in `{dense: classes}`.
    """

    goes_through_examples = True
    metrics = METRICS
    pictures: ClassVar = {
        "images": "images that were held back, with the answers given",
        "answers": "what was asked about them, what was answered, and what would be right",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Answering:
        split = load_split(scenario, seed, folder, "classes")
        require_pictures(split.train, split.train.asked is not None, "shape-questions")
        return Answering(scenario, seed, folder, self.options(scenario), split)


class Answering(WordTraining):
    """One replica; see `lab.tasks.task.Experiment`."""

    def judge(self, examples: Examples, training: bool) -> Judged:
        states = SequenceStates(words=examples.asked, vocabulary=len(self.split.train.vocabulary))
        output, layers = self.network.apply(examples.inputs, training=training, sequence=states)
        if output.shape != (examples.targets.shape[0], self.split.train.outputs):
            raise InvalidValue(
                ("model", len(self.scenario.model) - 1),
                f"the network must end in one number for each of the {self.split.train.outputs} answers, as "
                f"`{{dense: classes}}` gives behind a question, not in {list(output.shape[1:])}.",
            )
        loss = f.softmax_cross_entropy(output, examples.targets)
        correct = count_correct(output, examples.targets)
        return Judged(loss, correct, output, examples.targets, layers, states)

    def looked(self) -> dict[str, Tensor]:
        return {"answers": f.argmax(self.judge(self.whole(self.shown, "shown"), training=False).answers, of="rows")}

    def pictures(self) -> list[Picture]:
        given, images = self.seen()["answers"].astype(int), self.shown_images()
        classes, words = self.split.train.classes, self.shown.asked
        assert words is not None
        rows = tuple(
            (str(number + 1), classes[answer], classes[right], sentence(asked, self.split.train.vocabulary) + "?")
            for number, (asked, answer, right) in enumerate(zip(words, given, self.shown.targets, strict=True))
        )
        captions = tuple(f"{row[0]} {row[1]}" for row in rows)
        which = "Held-out images" if self.split.validation is not None else "Images"
        return [
            Images(which, images, captions, name="images"),
            Table("Questions", ("image", "answered", "right is", "asked"), rows, name="answers"),
        ]
