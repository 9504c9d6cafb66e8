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
from lab.nets.training_step import AHEAD, training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.figures.recording import Recording
from lab.tasks.generative.own_optimizer import own_optimizer
from lab.tasks.image_optimisation.chosen_images import choose
from lab.tasks.image_optimisation.image_terms import Seen, Terms, Wanted, one_unit_each
from lab.tasks.image_optimisation.images_shown import ImagesShown
from lab.tasks.image_optimisation.real_images import RealImages
from lab.tasks.image_optimisation.structure import STRUCTURES
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.data import TrainingData, load_split
from lab.tasks.training.training import require_outputs

JITTER_STREAM = 9
RECORDED = 8
"""Of so many images it is kept how they came about."""


class ImageOptimisation(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`.

    network:  trained before, and frozen then
    contents: the content images, [images, height, width, channels];  styles: the style images, as many or one
    images:   the images that are made, as a tensor
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
        pretrain = self._pretraining()
        self._require_any_size()
        self._choose_images()
        self.parameters, self._kept, self.measured = Storage("parameters"), Storage("states"), Storage("statistics")
        self.images = self.parameters.member("images", (self.count, *self.shape))
        self.recording = Recording()
        step = self._step()
        self.real = RealImages(self)
        programs = {"pretrain": pretrain, "begin": self._begun, "step": step, "measure": self._measuring()}
        self.lay_out(programs)
        self.shown = ImagesShown(self)

    # Building

    def _pretraining(self) -> list[Any]:
        """The step that trains the network."""
        own = self.options.network
        try:
            x, y = self._data.batch(own.batch)
        except InvalidValue as error:
            raise InvalidValue(("options", "network", "batch"), error.message) from None
        output, _ = self.network.apply(x, training=True)
        require_outputs(output, self.split.train.outputs, self.scenario)
        with scope("network.loss"):
            loss = f.softmax_cross_entropy(output, y)
        why = "and the network is trained before anything can be seen"
        chosen = own_optimizer(self.scenario, own.optimizer, ("options", "network", "optimizer"), why)
        program = training_step(loss, self.network, chosen, self.adjustable, owner="network").program
        if any(getattr(each, "phase", 0) == AHEAD for each in program):
            problem = "looks ahead before each step: `nesterov: change_of_variables` is the same without that."
            raise InvalidValue(("options", "network", "optimizer"), problem)
        return program

    def _choose_images(self) -> None:
        """Content and style images, and how many images are made."""
        most = self.options.images
        if self.options.score:
            with scope("count"):
                units = Seen(self.network, constant(np.zeros((1, *self.shape)))).scores(self.options.target_layer)
            most = units.shape[1]
        chosen = choose(self.options, self.split, self.shape, most, self.seed, self.folder or Path())
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
        seen = f.jitter(self.images, options.jitter, JITTER_STREAM) if options.jitter else self.images
        with scope("loss"):
            loss = Terms(options, Seen(self.network, seen), self.wanted).loss(self.adjustable)
        self._trained = training_step(loss, self.parameters, chosen, self.adjustable)
        return [*self._trained.program, *self._like_an_image()]

    def _like_an_image(self) -> list[Any]:
        """After each step the pixels are blurred a little, if that is wanted, and kept within what images have."""
        x, low, high = self.images, constant(self.value_range[0]), constant(self.value_range[1])
        if self.options.blur:
            share = self.adjustable.number("options.blur", self.options, "blur")
            x = x + (f.blur(x) - x) * share
        return [assign(f.minimum(f.maximum(x, low), high), self.images)]

    def _measuring(self) -> list[Any]:
        program = list[Any]()

        def keep(name: str, tensor: Tensor) -> None:
            program.append(assign(f.identity(tensor), self.measured.member(name, tensor.shape)))

        with scope("measure"):
            terms = Terms(self.options, Seen(self.network, self.images), self.wanted)
            keep("images", self.images)
            keep("output", terms.seen.output)
            keep("total_variation", terms.total_variation())
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
        if name in ("total_variation", "real_total_variation", "network_accuracy", "pixel_distance", "nearest_real"):
            return True
        return name in self.measured.members

    # Running

    def prepare(self) -> None:
        """Take the memory, train the network, and put the images where they begin."""
        super().prepare()
        self.begin(self.network, self.folder)
        state = self.memory.state.copy()
        if self.options.network.steps:
            self.program("pretrain").run(self.options.network.steps)
        self.memory.state[:] = state
        self.run_beside("begin")
        self.put(self.images, self._first())
        self.real.look()
        self.search_steps(self._trained)

    def _first(self) -> np.ndarray:
        options, random = self.options, generator(self.seed, "images")
        noise = options.start_deviation * random.standard_normal(self.images.shape)
        middle = self.split.train.numbers.mean(axis=(0, 1, 2), dtype=np.float64)
        first = {"grey": np.broadcast_to(middle, noise.shape), "noise": middle + noise, "content": self.contents}
        return np.clip(first[options.start], *self.value_range)

    def _note_settings(self) -> None:
        super()._note_settings()
        # Those of the network that was trained before have no effect any more.
        self._settings = {name: value for name, value in self._settings.items() if not name.startswith("network.")}

    def found(self) -> dict[str, np.ndarray]:
        """What the measuring program leaves behind, by name, in float64."""
        self.run_beside("measure")
        return {name: each.astype(np.float64) for name, each in self.numbers(self.measured.members).items()}

    def measure(self) -> dict[str, float]:
        found = self.found()
        first, size = self.layout.stretch(self.recording.kept)
        self.recording.record(self.memory.arena[first : first + size], self.step)
        values = {name: float(each.mean()) for name, each in found.items() if each.ndim == 1}
        values |= self.real.compared(found)
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        return self.shown.pictures()

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | self.recording.state()

    def restore(self, state: dict[str, np.ndarray]) -> None:
        super().restore(self.recording.restore(state))

    def weights(self) -> dict[str, np.ndarray]:
        """Those of the network, and the images."""
        return self.numbers(dict(self.network.kept) | dict(self.parameters.members))
