"""Images that are changed until a trained network sees in them what is wanted: `optimise-image`'s experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lab.data import Split
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, differentiate, scope
from lab.graph import functions as f
from lab.nets.initialisers import generator
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.figures.recording import Recording
from lab.tasks.image_optimisation.chosen_images import choose
from lab.tasks.image_optimisation.image_terms import Seen, Terms, Wanted, one_unit_each
from lab.tasks.image_optimisation.images_shown import ImagesShown
from lab.tasks.image_optimisation.makers import CodeMaker, PixelMaker, TransformerMaker
from lab.tasks.image_optimisation.real_images import RealImages
from lab.tasks.image_optimisation.structure import STRUCTURES
from lab.tasks.image_optimisation.time_per_image import TIMES, TimePerImage
from lab.tasks.image_optimisation.trained_before import Generator, classifier_program, network_of
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.data import TrainingData, load_split

JITTER_STREAM = 9
ANYWHERE = (
    "total_variation", "real_total_variation", "network_accuracy", "pixel_distance", "nearest_real",
    "real_nearest_real", *TIMES,
)  # fmt: skip
"""Metrics that there are, whatever the images are made for."""
BEFORE = ("network", "judge", "generator")
RECORDED = 8
"""Of so many images it is kept how they came about."""


class ImageOptimisation(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`.

    network:  trained before, and frozen then
    contents: the content images, [images, height, width, channels];  styles: the style images, as many or one
    maker:    what the images are made from
    images:   the images that are made, as a tensor
    judge:    a second classifier that is trained before, if there is one, and only asked
    """

    network: Network

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        self.scenario, self.folder, self.options = scenario, folder, options
        self.split: Split = load_split(scenario, seed, folder, "classes")
        if self.split.train.image_shape is None or self.split.validation is None:
            raise InvalidValue(("data",), "this task needs images, some of them held back: set validation: 0.1.")
        height, width, channels = self.split.train.image_shape
        size = options.size
        self.shape = (size or height, size or width, channels)
        numbers = self.split.train.numbers
        self.value_range = float(numbers.min()), float(numbers.max())
        self._data = TrainingData(self.split, seed)
        outputs = self.split.train.outputs
        self.network = Network(scenario.model, scenario.init, outputs, seed, self.adjustable, blocks=scenario.blocks)
        before = self._trained_before()
        self._require_any_size()
        self._choose_images()
        self._kept, self.measured = Storage("states"), Storage("statistics")
        self.maker = self._maker()
        self.parameters, self.images = self.maker.parameters, self.maker.images
        self.recording = Recording()
        step = self._step()
        self.real = RealImages(self)
        self.time = TimePerImage(self)
        programs = {"begin": self._begun, "step": step, "measure": self._measuring()}
        self.lay_out({name: program for name, (_, program) in before.items()} | programs)
        self._before = {name: steps for name, (steps, program) in before.items() if program}
        self.shown = ImagesShown(self)

    # Building

    def _trained_before(self) -> dict[str, tuple[int, list[Any]]]:
        """What is trained before an image is touched: by name for how many steps, and the program of a step."""
        options, adjustable, scenario = self.options, self.adjustable, self.scenario
        place = ("options", "network")
        own = classifier_program(self.network, self._data, scenario, options.network, place, adjustable)
        found = {"pretrain": (options.network.steps, own)}
        self.judge: Network | None = None
        if options.judge is not None:
            place = ("options", "judge")
            layers, outputs = options.judge.layers, self.split.train.outputs
            self.judge = network_of(scenario, layers, outputs, self.seed, adjustable, "judge", (*place, "layers"))
            program = classifier_program(
                self.judge, self._data, scenario, options.judge, place, adjustable, (*place, "layers")
            )
            found["train judge"] = options.judge.steps, program
        self.generator: Generator | None = None
        if options.generator is not None:
            if self.shape != self.split.train.image_shape:
                raise InvalidValue(("options", "size"), "a generator makes images of the data's size: leave it.")
            self.generator = Generator(
                scenario, self._data, options.generator, self.shape, self.value_range, self.seed, adjustable
            )
            found["train generator"] = options.generator.steps, self.generator.program
        return found

    def _maker(self) -> PixelMaker:
        if self.generator is not None:
            return CodeMaker(self.count, self.generator)
        if self.options.transformer is not None:
            return TransformerMaker(
                self.scenario, self.chosen, self.value_range, self.options, self.seed, self.adjustable, self.network
            )
        return PixelMaker((self.count, *self.shape), self.value_range, self.options)

    def _choose_images(self) -> None:
        """Content and style images, and how many images are made."""
        most = self.options.images
        if self.options.score:
            with scope("count"):
                units = Seen(self.network, constant(np.zeros((1, *self.shape)))).scores(self.options.target_layer)
            most = units.shape[1]
        self.chosen = chosen = choose(self.options, self.split, self.shape, most, self.seed, self.folder or Path())
        self.count, self.contents, self.styles = chosen.count, chosen.contents, chosen.styles

    def _require_any_size(self) -> None:
        """Raises InvalidValue if images of another size than that of the data cannot be what is asked for."""
        if self.shape == self.split.train.image_shape:
            return
        if self._watches("nearest_real"):
            raise InvalidValue(("watch",), "nearest_real compares with real images, which have another size: leave it.")
        try:
            with scope("size"):
                self.network.apply(constant(np.zeros((1, *self.shape))), training=False)
        except InvalidValue as error:
            message = f"the network takes no images of this size: {error.message}"
            raise InvalidValue(("options", "size"), message) from None

    def _held_against(self) -> Wanted:
        """What content and style images are in the trained network: kept numbers, which the program `begin` fills."""
        options, begun = self.options, list[Any]()

        def keep(name: str, tensor: Tensor) -> Tensor:
            place = self._kept.member(name, tensor.shape)
            begun.append(assign(f.identity(tensor), place))
            return place

        content = grams = units = None
        if options.content or self._watches("content_distance", "content_recognised"):
            seen = Seen(self.network, constant(self.contents, "contents"))
            content = keep("content", seen.layer(options.content_layer, "content_layer"))
        if options.style_layers:
            found = Seen(self.network, constant(self.styles, "styles")).grams(options.style_layers)
            grams = {name: keep(f"gram {name}", gram) for name, gram in found.items()}
        if options.score:
            units = one_unit_each(self.count, Seen(self.network, self.images).scores(options.target_layer).shape[1])
        self._begun = begun
        return Wanted(content, grams or {}, units)

    def _watches(self, *names: str) -> bool:
        return any(name in self.scenario.watch for name in names)

    def _step(self) -> list[Any]:
        options = self.options
        self.wanted = self._held_against()
        chosen = optimizer(self.scenario.optimizer.name, self.scenario.optimizer.given)
        images, wanted = self.maker.in_a_step(self.wanted)
        seen = f.jitter(images, options.jitter, JITTER_STREAM) if options.jitter else images
        with scope("loss"):
            loss = Terms(options, Seen(self.network, seen), wanted, self.maker.codes).loss(self.adjustable)
        self._trained = training_step(loss, self.parameters, chosen, self.adjustable)
        return [*self._trained.program, *self.maker.updates, *self.maker.after_a_step(self.adjustable)]

    def _measuring(self) -> list[Any]:
        program = list[Any]()

        def keep(name: str, tensor: Tensor) -> None:
            program.append(assign(f.identity(tensor), self.measured.member(name, tensor.shape)))

        with scope("measure"):
            terms = Terms(self.options, Seen(self.network, self.images), self.wanted, self.maker.codes)
            keep("images", self.images)
            keep("output", terms.seen.output)
            keep("total_variation", terms.total_variation())
            if self.judge is not None:
                keep("judged", self.judge.apply(self.images, training=False)[0])
            if self.maker.codes is not None:
                keep("code_size", terms.code_l2())
            if self.options.score:
                score = terms.score()
                keep("score", score)
                (gradient,) = differentiate(f.sum(score), [self.images])
                assert gradient is not None
                keep("gradient", f.sum_absolute(gradient.reshape(self.count, -1), "rows"))
            if self.options.activation_layer is not None:
                keep("activation", terms.activation())
            if self.wanted.content is not None:
                keep("content_distance", terms.content())
                keep("content_features", terms.seen.layer(self.options.content_layer, "content_layer"))
            if self.wanted.grams:
                keep("style_distance", terms.style())
            keep("loss", terms.loss(self.adjustable))
            self.recording.keep("images", self.images[: min(RECORDED, self.count)])
        self.metrics = tuple(name for name in self.scenario.watch if self._measures(name))
        return [*program, *self.recording.program]

    def _measures(self, name: str) -> bool:
        if name in ("best_real_score", "above_real", "stuck"):
            return bool(self.options.score)
        if name == "content_recognised":
            return self.wanted.content is not None
        if name in STRUCTURES:
            return bool(self.options.style_layers)
        if name in ("judge_agrees", "judge_accuracy"):
            return self.judge is not None
        if name in ANYWHERE:
            return True
        return name in self.measured.members

    # Running

    def prepare(self) -> None:
        """Take the memory, train the network, and put the images where they begin."""
        super().prepare()
        others = self.generator.networks if self.generator else ()
        for network in (self.network, self.judge, *others, *self.maker.networks):
            if network is not None:
                self.begin(network, self.folder)
        state = self.memory.state.copy()
        for name, steps in self._before.items():
            # One after the other, so that each sees other batches.
            self.program(name).run(steps)
        self.memory.state[:] = state
        self.run_beside("begin")
        self.maker.begin(self.put, self._first(), self._noise)
        self.real.look()
        self.search_steps(self._trained)
        self.time.begin()

    def _noise(self, shape: tuple[int, ...]) -> np.ndarray:
        drawn = generator(self.seed, "images").standard_normal(shape)
        return np.asarray(self.options.start_deviation * drawn)

    def _first(self) -> np.ndarray:
        middle, shape = self.split.train.numbers.mean(axis=(0, 1, 2), dtype=np.float64), self.images.shape
        if self.options.start == "content":
            return self.contents
        return np.broadcast_to(middle, shape) if self.options.start == "grey" else middle + self._noise(shape)

    def _note_settings(self) -> None:
        super()._note_settings()
        # Those of networks that were trained before have no effect any more.
        self._settings = {name: value for name, value in self._settings.items() if name.split(".")[0] not in BEFORE}

    def found(self) -> dict[str, np.ndarray]:
        """What the measuring program leaves behind, by name, in float64."""
        self.run_beside("measure")
        return {name: each.astype(np.float64) for name, each in self.numbers(self.measured.members).items()}

    def measure(self) -> dict[str, float]:
        found = self.found()
        first, size = self.layout.stretch(self.recording.kept)
        self.recording.record(self.memory.arena[first : first + size], self.step)
        values = {name: float(each.mean()) for name, each in found.items() if each.ndim == 1}
        values |= self.real.compared(found) | self.time.measured()
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        return self.shown.pictures()

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | self.recording.state()

    def restore(self, state: dict[str, np.ndarray]) -> None:
        super().restore(self.recording.restore(state))

    def weights(self) -> dict[str, np.ndarray]:
        """Those of the network, and what the images are made from."""
        return self.numbers(dict(self.network.kept) | dict(self.parameters.members))
