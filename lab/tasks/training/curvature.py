"""The curvature of the loss where a network stands: its Hessian, never written out, times directions.

The Hessian times a direction is how the gradient changes that way, (g(w + εv) - g(w - εv)) / 2ε. In float64 that is
right to nine digits, and needs no operation to have second derivatives. The largest eigenvalue is found by Lanczos'
method (Golub and Van Loan, "Matrix computations", chapter 10), which needs nothing but such products.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.graph import assign, data, differentiate
from lab.graph.scopes import scope
from lab.graph.tensor import Storage
from lab.nets.initialisers import generator
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.own_memory import OwnMemory

EXAMPLES = 512
"""How many examples of the evaluation sample the loss is computed on, at most."""
MOST_PRODUCTS = 40
"""Products with the Hessian after which an eigenvalue is taken as it is."""
PRECISION = 1e-3
"""How far the image of an eigenvector may still be from being a multiple of it, as a share; the eigenvalue's error is
then far smaller, about its square."""
_DIFFERENCE = 1e-6
"""How far to go in a direction, as a share of the weights' length: so little that hardly a ReLU comes to its kink."""
_FRESH = 0.01
"""How much of a new random direction goes into the one from which a search begins: an eigenvector that was right before
may be at right angles to the one that is right now."""


class Curvature:
    """The Hessian of a network's loss on `EXAMPLES` of its evaluation sample, in float64 and in memory of its own.

    Penalties on weights are no part of the loss here. Layers that drop units drop the same ones each time, and
    normalisation over the batch uses the statistics of the examples, as training does. A ReLU counts as straight on
    both sides of its kink.
    """

    def __init__(self, inspection: Inspection) -> None:
        self._inspection = inspection
        sample, network = inspection.evaluation_sample, inspection.network
        if sample.count > EXAMPLES:
            sample = sample.rows(np.sort(generator(inspection.seed, "curvature").permutation(sample.count)[:EXAMPLES]))
        self._parameters = network.parameters.members
        output, _ = network.apply(data(sample.numbers, "inputs"), training=True)
        with scope("curvature"):
            loss = inspection.loss(output, data(sample.targets, "targets"))
        found = differentiate(loss, list(self._parameters.values()))
        kept = Storage("statistics")
        self._gradients = {
            name: assign(gradient, kept.member(name, gradient.shape))
            for name, gradient in zip(self._parameters, found, strict=True)
            if gradient is not None
        }
        self._memory = OwnMemory(network, {"gradient": list(self._gradients.values())}, inspection.seed, "float64")
        self._last: np.ndarray | None = None

    def largest(self) -> float:
        """The largest eigenvalue where the network stands, as exact as `PRECISION` says; NaN where something is not
        finite."""
        weights = self._inspection.weights()
        self._memory.take(weights, self._inspection.settings())
        where = np.concatenate([weights[name].astype(np.float64).reshape(-1) for name in self._gradients])
        random = generator(self._inspection.seed, "curvature").standard_normal(where.size) / np.sqrt(where.size)
        begin = random if self._last is None else self._last + _FRESH * random
        value, self._last = largest_eigenvalue(lambda direction: self._product(where, direction), begin)
        return value

    @np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
    def _product(self, where: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """The Hessian at weights [parameters] times a direction [parameters] of length 1."""
        by = _DIFFERENCE * max(1.0, float(np.linalg.norm(where)))
        change = self._gradient(where + by * direction) - self._gradient(where - by * direction)
        return np.asarray(change / (2 * by))

    def _gradient(self, where: np.ndarray) -> np.ndarray:
        place = 0
        for name in self._gradients:
            tensor = self._parameters[name]
            self._memory.put(tensor, where[place : place + tensor.size].reshape(tensor.shape))
            place += tensor.size
        self._memory.run("gradient")
        found = [self._memory.view(each).reshape(-1) for each in self._gradients.values()]
        return np.concatenate(found)


def largest_eigenvalue(
    product: Callable[[np.ndarray], np.ndarray],
    begin: np.ndarray,
    most: int = MOST_PRODUCTS,
    precision: float = PRECISION,
) -> tuple[float, np.ndarray | None]:
    """Return the largest eigenvalue (not the one of largest magnitude) of a symmetric matrix, and its eigenvector.

    product:   from a vector [n] to the matrix times the vector
    begin:     where to begin [n]; not at right angles to the eigenvector
    most:      products after which the search ends
    precision: how far the vector's image may be from being a multiple of it, as a share of the eigenvalue
    Returns (NaN, None) if a product is not finite.
    """
    basis = [begin / np.linalg.norm(begin)]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        image = product(basis[-1])
        if not np.isfinite(image).all():
            return float("nan"), None
        diagonal.append(float(basis[-1] @ image))
        # What rounding leaves of earlier directions is taken out twice; without, eigenvalues are found several times.
        for _ in range(2):
            for each in basis:
                image = image - (each @ image) * each
        rest = float(np.linalg.norm(image))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        value, mix = float(values[-1]), vectors[:, -1]
        scale = max(abs(float(values[0])), abs(value))
        # `rest` times the last share is how far the image of the vector found is from being a multiple of it.
        if (
            rest * abs(mix[-1]) <= precision * abs(value)
            or rest <= 1e-12 * scale
            or len(basis) >= min(most, begin.size)
        ):
            return value, np.einsum("i,ij->j", mix, np.stack(basis))
        beside.append(rest)
        basis.append(image / rest)
