"""How weights begin. In a scenario: `init: he`, `init: {normal: 0.01}`, `init: {name: he, bias: 0.1}`.

Each initialiser is one small class; its docstring is its reference. `fan_in` is how many numbers a unit sums up,
`fan_out` how many units read one input.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue, Path, nearest
from lab.validation import Real, Settings, validated

INITIALISERS: dict[str, type[Initialiser]] = {}


class Initialiser(Settings):
    """Base: `draw` gives the first values of one weight tensor."""

    name: ClassVar[str]
    bias: Real = Field(default=0.0, description="First value of every bias.", allow_inf_nan=False)

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if name:
            cls.name = name
            INITIALISERS[name] = cls

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        """float64 values of the shape, from `random` alone."""
        raise NotImplementedError


class Zero(Initialiser, name="zero"):
    """All weights 0: every unit computes the same and gets the same gradient, so that they never differ.

    Formula: w = 0.
    """

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        return np.zeros(shape)


class Constant(Initialiser, name="constant"):
    """All weights equal to one value, so that all units of a layer compute and learn the same.

    Formula: w = value.
    """

    value: Real = Field(default=0.1, allow_inf_nan=False, description="The value of every weight.")

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        return np.full(shape, self.value)


class Normal(Initialiser, name="normal"):
    """Normal numbers with a fixed standard deviation, whatever the layer's size.

    Formula: w normal with mean 0 and standard deviation std.
    """

    std: Real = Field(default=0.01, ge=0, le=1e6, allow_inf_nan=False, description="Standard deviation.")

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        return self.std * random.standard_normal(shape)


class Uniform(Initialiser, name="uniform"):
    """Uniform numbers between -bound and bound.

    Formula: w uniform from -bound to bound.
    """

    bound: Real = Field(default=0.05, ge=0, le=1e6, allow_inf_nan=False, description="Largest absolute value.")

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        return random.uniform(-self.bound, self.bound, shape)


class Xavier(Initialiser, name="xavier"):
    """Normal numbers of variance 1 / fan_in, or 2 / (fan_in + fan_out) (Glorot and Bengio 2010, equation 12).

    Formula: w normal with mean 0 and variance 1 / fan_in, or 2 / (fan_in + fan_out).

    Paper: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """

    fan: Literal["in", "average"] = Field(default="in", description="`in` as in the notes, or `average` as published.")

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        fan = fan_in if self.fan == "in" else (fan_in + fan_out) / 2
        return random.standard_normal(shape) / math.sqrt(fan)


class He(Initialiser, name="he"):
    """Normal numbers of variance 2 / fan_in, which makes up for the half that a ReLU cuts off (He et al. 2015).

    Formula: w normal with mean 0 and variance 2 / fan_in.

    Paper: He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", 2015.
    """

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        return random.standard_normal(shape) * math.sqrt(2 / fan_in)


class Orthogonal(Initialiser, name="orthogonal"):
    """Orthonormal rows or columns times a gain (Saxe, McClelland and Ganguli 2014).

    Formula: weight = gain Q, where QᵀQ = 1 (or QQᵀ = 1 where there are more columns than rows).

    Paper: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", 2014.
    """

    gain: Real = Field(default=1.0, ge=0, le=1e6, allow_inf_nan=False, description="Every singular value.")

    def draw(self, shape: tuple[int, ...], fan_in: int, fan_out: int, random: np.random.Generator) -> np.ndarray:
        rows, columns = int(np.prod(shape[:-1])), shape[-1]
        tall = random.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        q *= np.sign(np.diag(r))  # makes the factorisation unique, so that q is uniformly distributed
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


def initialiser(specification: Any, path: Path = ("init",)) -> Initialiser:
    """The initialiser that a scenario's `init` describes. Raises InvalidValue."""
    if isinstance(specification, str):
        specification = {"name": specification}
    if not isinstance(specification, Mapping):
        raise InvalidValue(
            path, f"must be a name such as he or a mapping such as {{normal: 0.01}}, not {specification!r}."
        )
    settings = dict(specification)
    if "name" in settings:
        name = settings.pop("name")
        place = (*path, "name") if isinstance(specification, Mapping) and len(specification) > 1 else path
    else:
        names = [key for key in settings if key != "bias"]
        if len(names) != 1:
            raise InvalidValue(path, f"must name one initialiser; allowed: {', '.join(sorted(INITIALISERS))}.")
        name, place = names[0], (*path, names[0])
        given = settings.pop(name)
        if isinstance(given, Mapping):
            settings |= given
        elif given is not None and name in INITIALISERS:
            own = [field for field in INITIALISERS[name].model_fields if field != "bias"]
            if not own:
                raise InvalidValue(place, f"{name} has no setting, but was given {given!r}.")
            settings[own[0]] = given
    if not isinstance(name, str) or name not in INITIALISERS:
        raise InvalidValue(place, f"there is no initialiser {name!r}; {nearest(name, INITIALISERS)}.")
    return validated(INITIALISERS[name], settings, path)


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers that depend on the seed and on what they are for, not on the order of asking."""
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.Philox(key=np.array([seed, word], np.uint64)))
