"""Every feature normalised over the batch."""

from __future__ import annotations

from lab.errors import InvalidValue
from lab.graph.functions.normalisation import batch_norm, normalise_with
from lab.graph.tensor import Tensor, call, constant
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real


class BatchNorm(Layer, name="batch_norm"):
    """Every feature gets mean 0 and variance 1 over the batch, then a learned scale gamma and shift beta (Ioffe and
    Szegedy 2015).

    In evaluation the batch is replaced by running means of its mean and variance, which training steps keep up to date.

    Formula: y = gamma (x - mean) / √(variance + epsilon) + beta, mean and variance of each feature over the batch.

    Paper: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", 2015.
    """

    momentum: Real = adjustable(
        0.9, "Share of the running means that is kept in each step.", steps="shares", ge=0, lt=1
    )
    epsilon: Real = adjustable(1e-5, "Added to the variance, against division by zero.", gt=0, le=1)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        from kernels.batch_norm import batch_norm_running

        features = x.shape[-1:]
        examples = x.size // x.shape[-1]
        gamma = builder.parameter("gamma", features, 1.0)
        beta = builder.parameter("beta", features, 0.0)
        mean = builder.running("running_mean", features, 0.0)
        variance = builder.running("running_variance", features, 1.0)
        epsilon = builder.setting(self, "epsilon")
        if not builder.training:
            return normalise_with(x, gamma, beta, mean, variance, epsilon)
        if examples < 2:
            raise InvalidValue((), "batch_norm needs at least 2 examples per step: one alone has no spread.")
        y, batch_mean, batch_variance = batch_norm(x, gamma, beta, epsilon)
        momentum = constant(0.0) if builder.forgets else builder.setting(self, "momentum")
        builder.update(
            call(batch_norm_running, batch_mean, batch_variance, momentum, updates=[mean, variance], examples=examples)
        )
        return y
