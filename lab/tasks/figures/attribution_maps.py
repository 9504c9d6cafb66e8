"""Which pixels of images the network's answers come from, by each method, and by all of them side by side."""

from __future__ import annotations

import numpy as np

from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.explanations import can_be_explained

SHOWN = 6
TITLES = {
    "saliency": "Saliency",
    "gradient_times_input": "Gradient × input",
    "guided_backprop": "Guided backpropagation",
    "occlusion": "Occlusion",
}
MIDDLE_GREY = 0.5


class Saliency(Figure, name="saliency"):
    """Images that are held back, and for each pixel how much the score of the network's answer changes with it: the
    largest absolute gradient of its channels. White is the pixel that matters most in this image. Below each image what
    the network answers, and, where that is wrong, what is right. They come in pairs of the same class."""

    def fits(self) -> bool:
        return can_be_explained(self.inspection)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        explanations = self.inspection.explanations
        sample = explanations.sample
        rows = explanations.shown[:SHOWN]
        maps, answers = scaled(explanations.maps(self.name)[rows]), explanations.answers()[rows]
        explanations.let_go()
        title = f"{TITLES[self.name]}: image and map"
        return [
            Images(title, beside(pictures_of(sample, rows), maps), said(sample.classes, answers, sample.targets[rows]))
        ]


class GradientTimesInput(Saliency, name="gradient_times_input"):
    """Images that are held back, and for each pixel the gradient of the answer's score times how far the pixel is from
    the mean of all images, summed over its channels, without the sign."""


class GuidedBackprop(Saliency, name="guided_backprop"):
    """Images that are held back, and for each pixel what is left of the gradient of the answer's score when each
    activation (ReLU and its kin) passes backwards only what is positive. Look at `sanity_check`, too, before you
    believe it."""


class Occlusion(Saliency, name="occlusion"):
    """Images that are held back, and for each pixel by how much the answer's score falls when a grey square covers it,
    mean over all squares that do. `options.occlusion_patch` says how large the squares are."""


class Attributions(Figure, name="attributions"):
    """An image that is held back with the maps of all methods (`options.attribution_methods`), and, where it is known
    which pixels belong to what the images are told apart by, those."""

    def fits(self) -> bool:
        return can_be_explained(self.inspection)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        explanations = self.inspection.explanations
        sample = explanations.sample
        rows = explanations.shown[:1]
        image = pictures_of(sample, rows)[0]
        shown = {"image": image}
        if sample.masks is not None:
            shown["mask"] = explanations.masks[rows][0].astype(np.float64)
        shown |= {words(method): scaled(explanations.maps(method)[rows])[0] for method in explanations.methods}
        explanations.let_go()
        images = np.stack([in_form_of(image, each) for each in shown.values()])
        return [Images("Maps side by side", images.astype(np.float32), tuple(shown))]


_WORDS = {
    "gradient_times_input": "grad × input",
    "guided_backprop": "guided",
    "image_alone": "image alone",
}


def words(method: str) -> str:
    """A method as people write it."""
    return _WORDS.get(method, method)


def scaled(maps: np.ndarray) -> np.ndarray:
    """Maps [n, height, width] from 0 to 1, each by its own largest number."""
    most = maps.max(axis=(1, 2), keepdims=True)
    return np.asarray(maps / np.where(most > 0, most, 1.0))


def in_form_of(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A map in three channels if the image has them; what is an image already stays one."""
    return np.repeat(values[..., None], 3, axis=-1) if values.ndim < image.ndim else values


def beside(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Each image with its map on its right, and a line of grey between them."""
    right = np.repeat(maps[..., None], 3, axis=3) if images.ndim == 4 else maps
    gap = np.full((*images.shape[:2], 1, *images.shape[3:]), MIDDLE_GREY)
    return np.concatenate([images, gap, right], axis=2).astype(np.float32)


def said(classes: tuple[str, ...], answers: np.ndarray, targets: np.ndarray) -> tuple[str, ...]:
    """For each image what the network says, and what it is if that is something else."""
    return tuple(
        classes[answer] if answer == target else f"{classes[answer]},\nis {classes[target]}"
        for answer, target in zip(answers.tolist(), targets.tolist(), strict=True)
    )
