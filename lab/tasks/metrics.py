"""What every watched number of a network in training means, in one sentence each. `lab.tasks.probes` computes them."""

from __future__ import annotations

TRAINING = {
    "loss": "mean loss over the probe set: the training set, or a fixed sample of 1,024 of its examples",
    "val_loss": "mean loss over the validation set",
    "rate": "the learning rate",
    "grad_norm": "Euclidean norm of the gradient that the last update used, before clipping; at step 0, of the first one",
    "dead_relu": "share of ReLU units that output zero for every example of the probe set",
    "activation_mean": "mean of the activations over units and probe set",
    "activation_std": "standard deviation of the activations over units and probe set",
    "saturation": "share of activations beyond 99 % of the way to a limit of the function (|y| > 0.99 for tanh)",
    "weight_norm": "Euclidean norm of the weights, without biases",
    "update_ratio": "norm of the last update over the norm of the parameters it changed",
}
"""For every network. Per layer too: grad_norm, dead_relu, activation_*, saturation, weight_norm, update_ratio."""

ANSWERS = {
    "accuracy": "share of the probe set that is classified right",
    "val_accuracy": "share of the validation set that is classified right",
}
"""For classifiers."""
