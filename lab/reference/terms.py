"""Words of the field that no key, layer or metric is called by, but that lessons use and readers ask for."""

from __future__ import annotations

from dataclasses import dataclass

from lab.reference.topic import Example, Topic


@dataclass(frozen=True, slots=True)
class _Term:
    """text: what it means, and where more is told;  lesson: one that shows it;  others: how else it is called"""

    text: str
    lesson: str
    others: tuple[str, ...] = ()


_TERMS = {
    "learning rate": _Term(
        "How far a step goes: gradient descent changes each weight by minus the rate times its gradient. Too low, and "
        "nothing is learned in the time there is; too high, and the loss jumps about or grows without end. It is "
        "`optimizer.rate`, with or without a `schedule`; while a run is on the screen, + and - change it.",
        "learning-rates",
        ("learning_rate", "lr", "step size"),
    ),
    "epoch": _Term(
        "One pass through the training examples: as many steps as there are examples, divided by the size of a batch. "
        "A training is so many steps or epochs long: `train: {epochs: 20}`.",
        "minibatch",
        ("epochs",),
    ),
    "mini-batch": _Term(
        "The few examples, drawn at random, from which one training step computes its gradient: `train: {batch: 32}`. "
        "The gradient is that of all examples, with noise; a small batch makes cheap and noisy steps.",
        "minibatch",
        ("minibatch", "batch size"),
    ),
    "validation set": _Term(
        "Examples that are held back from training, and tell how well a network does on new ones. In a data block "
        "`validation: 0.2` holds back a fifth; then `val_loss` and `val_accuracy` can be watched.",
        "train-val-gap",
        ("validation", "validation data", "test set", "hold-out"),
    ),
    "gradient": _Term(
        "For each weight, how the loss changes when the weight grows a little: the direction in which it rises most. "
        "Training goes the other way. Its length, `grad_norm`, says how much is left to be learned, or that "
        "something is wrong.",
        "computation-graph",
        ("derivative", "slope of the loss"),
    ),
    "backpropagation": _Term(
        "How gradients are computed: forward, each gate computes its value; backward, each is told how strongly the "
        "loss reacts to its output, multiplies that by its own slopes, and hands it on to its inputs. That is the "
        "chain rule, applied from the end to the beginning.",
        "computation-graph",
        ("backprop", "chain rule", "automatic differentiation", "autodiff"),
    ),
    "vanishing gradient": _Term(
        "A gradient that becomes smaller from layer to layer on its way back, so that the first layers of a deep "
        "network hardly learn. Where it grows instead, it explodes. Initialisation, ReLUs, normalisation and "
        "shortcuts are against it.",
        "vanishing-gradient",
        ("exploding gradient", "vanishing gradients"),
    ),
    "dead unit": _Term(
        "A ReLU that gives 0 for every example. It gets no gradient, and mostly stays so. `dead_relu` is the share "
        "of them.",
        "dead-relu",
        ("dead relu", "dying relu", "dead neuron"),
    ),
    "saturation of a unit": _Term(
        "A sigmoid or tanh that is so near its end that its slope is almost 0: little gradient gets through. "
        "`saturation` is the share of them.",
        "vanishing-gradient",
        ("saturated",),
    ),
    "logits": _Term(
        "What the last layer gives before it is made into probabilities: one number for each class, of any size. "
        "`softmax` turns them into probabilities, and that is part of the loss here: the last layer is "
        "`{dense: classes}` alone.",
        "softmax-loss",
        ("logit", "scores"),
    ),
    "chance level": _Term(
        "What a network gets that knows nothing of its inputs: with ten classes of equal size an accuracy of 0.1 and "
        "a loss of ln 10 = 2.30.",
        "vanishing-gradient",
        ("chance", "guessing", "at chance"),
    ),
    "overfit": _Term(
        "To know the training examples by heart, and to do worse on new ones: the training loss falls while the "
        "validation loss rises. More examples, regularisation, or an earlier end are against it.",
        "train-val-gap",
        ("generalisation", "generalization", "generalization gap"),
    ),
    "regularisation": _Term(
        "What makes a network fit its training examples less closely, so that it does better on new ones: `l2` and "
        "`l1` in the optimizer (weight decay; `adamw` has its own), `dropout`, `augment` in the data, an early `stop`.",
        "l2",
        ("regularization", "weight decay", "ridge", "lasso"),
    ),
    "grokking": _Term(
        "To find the rule behind the examples long after they are known by heart: validation accuracy rises "
        "thousands of steps after training accuracy has come to 1. Weight decay is what brings it about.",
        "grokking",
        ("delayed generalisation", "delayed generalization"),
    ),
    "early stopping": _Term(
        "To end a training when the validation loss no longer falls, and to keep the weights of the best moment: "
        "`train: {stop: {when: val_loss, patience: 10}}`.",
        "train-val-gap",
        ("early_stopping",),
    ),
    "momentum": _Term(
        "A running sum of gradients, along which a step goes in place of the gradient alone: what points the same way "
        "in many steps adds up, what points to and fro cancels. A setting of `sgd`: `{name: sgd, rate: 0.01, "
        "momentum: 0.9}`. In `batch_norm` it is something else, how slowly the means are kept up to date.",
        "momentum",
        ("nesterov", "heavy ball"),
    ),
    "condition number": _Term(
        "How stretched a valley is: the largest curvature over the smallest, written κ (kappa). Gradient descent needs "
        "a number of steps in proportion to it, momentum to its root.",
        "taco-shell",
        ("kappa", "κ", "ill-conditioned", "conditioning"),
    ),
    "curvature": _Term(
        "How fast the slope itself changes; for many weights the matrix of all second derivatives, the Hessian. "
        "Newton's method computes it, L-BFGS guesses it from differences of gradients.",
        "newton",
        ("hessian", "second derivative", "eigenvalue", "eigenvalues"),
    ),
    "saddle point": _Term(
        "A place where the gradient is 0, but that is a minimum in some directions and a maximum in others. Descent "
        "slows down beside it, and leaves in the end.",
        "saddle-point",
        ("saddle", "local minimum", "local minima"),
    ),
    "plateau": _Term(
        "A stretch of training on which the loss hardly falls. It may end by itself, as beside a saddle, or mean that "
        "no gradient gets through.",
        "bad-init-curve",
    ),
    "divergence": _Term(
        "A training whose loss grows until a number is infinite or NaN; the run says at which step, and in which "
        "kernel. Mostly the learning rate is too high. In a claim: `last(hot.diverged) == 1`.",
        "learning-rates",
        ("diverged", "diverge", "nan", "inf"),
    ),
    "kurtosis": _Term(
        "How heavy the tails of a set of numbers are: the mean fourth power of the standardised numbers, 3 for normal "
        "ones; larger means that a few are far out. It does not change when all are multiplied by a number. The "
        "weights' is `weight_kurtosis`.",
        "l2",
    ),
    "one-hot": _Term(
        "A category as a feature for each of its values, 1 for the one it is and 0 for the others. Columns of texts in "
        "a table become that by themselves.",
        "rmsprop",
        ("one hot", "dummy variable", "one-hot encoding"),
    ),
    "bias of a layer": _Term(
        "The number that a unit adds to the weighted sum of its inputs. It is learned like a weight, and begins at 0.",
        "positive-bias",
        ("biases", "intercept"),
    ),
    "unit": _Term(
        "One output of a layer: a weighted sum of the inputs and a bias, mostly followed by an activation. A channel "
        "of a convolution is one unit that stands at every place of the image.",
        "dead-relu",
        ("neuron", "hidden unit"),
    ),
    "activation function": _Term(
        "What bends the output of a unit: `relu`, `tanh`, …. Without one, layers in a row are no more than one layer. "
        "`lab explain activations` lists all.",
        "activation-gallery",
        ("activation", "nonlinearity", "non-linearity"),
    ),
    "initialisation": _Term(
        "The random numbers with which weights begin. Their size decides whether signals and gradients get through a "
        "deep network: `init: he` for ReLUs, `init: xavier` for tanh. `fan_in` is the number of inputs of a unit.",
        "xavier-init",
        ("initialization", "fan_in", "fan-in", "kaiming"),
    ),
    "kernel of a convolution": _Term(
        "The small window of weights that a convolution moves over the image: `{conv: 16, kernel_size: 3}` has 16 of "
        "them, of 3×3 pixels and all channels. (In this program a kernel is, besides, a compiled function: "
        "`lab kernels`.)",
        "convolution",
        ("kernel", "filter", "window", "receptive window"),
    ),
    "stride": _Term(
        "How many pixels a window moves on between two places. With a stride of 2 the map has half the width and "
        "height. A setting of `conv` and of the pools.",
        "convolution",
        ("strides",),
    ),
    "feature map": _Term(
        "What one filter of a convolution gives, at each place of the image; the maps of a layer are its channels.",
        "convolution",
        ("channel", "channels", "map", "feature maps"),
    ),
    "shortcut": _Term(
        "A way around layers: their input is added to their output. What the layers learn is the difference, and "
        "gradients get back without passing them. The layer is `residual`.",
        "resnet",
        ("skip connection", "residual connection", "residual block", "identity shortcut"),
    ),
    "latent variable": _Term(
        "A number that is not in the data, from which a generator makes an example; near ones make similar examples.",
        "vae",
        ("latent", "latents", "latent space", "code"),
    ),
    "token": _Term(
        "A piece of a text, a word or a letter, as a whole number; `embedding` makes a vector of each.",
        "char-rnn",
        ("tokens", "vocabulary"),
    ),
    "perplexity of a text": _Term(
        "exp of the loss in nats: among how many equally likely next symbols a model seems to choose. (In `embed`, "
        "`perplexity` is how many neighbours t-SNE looks at.)",
        "char-rnn",
        ("perplexity", "ppl"),
    ),
    "hyperparameter": _Term(
        "What is chosen before training and not learned by it: the rate, the number of units, the strength of `l2`. "
        "`lab sweep` searches for good ones.",
        "log-space-search",
        ("hyperparameters", "hyper-parameter", "grid search", "random search"),
    ),
    "ensemble of networks": _Term(
        "Several networks whose probabilities are averaged. What they get wrong differs, and partly cancels.",
        "ensemble",
        ("committee", "bagging"),
    ),
    "discount": _Term(
        "A number γ below 1: a reward counts γ times as much for each step that it lies ahead.",
        "mdp",
        ("gamma", "γ", "discount factor", "return"),
    ),
    "variant": _Term(
        "One of the networks of a lesson: the scenario, with a few settings written otherwise under `variants`. All of "
        "them train side by side, from the same first weights and on the same data where they can.",
        "dead-relu",
        ("variants of a lesson",),
    ),
    "replica": _Term(
        "One variant with one seed: what is trained. Three variants on five seeds are fifteen replicas.",
        "dead-relu",
    ),
    "lesson": _Term(
        "One idea and the experiment that shows it, with a question before and claims that are judged afterwards. "
        "`lab list` names all, `lab next` the next one; a file of your own becomes one with the same keys.",
        "dead-relu",
        ("scenario", "chapter"),
    ),
    "claim of a lesson": _Term(
        "A sentence that says what will turn out to be true, and an expression that decides it from what was measured: "
        "`last(slow.loss) > last(good.loss) + 0.1`. `lab verify` judges it on many seeds. The functions that may "
        "stand in it are told under `claims.that`.",
        "learning-rates",
        ("claim", "verdict", "evidence", "held", "fell short"),
    ),
    "standardisation": _Term(
        "To subtract the mean of each feature and divide by its standard deviation, both taken from the training "
        "examples alone: `standardise: true` in the data block.",
        "normalise-inputs",
        ("standardise", "standardize", "normalisation of inputs", "feature scaling", "z-score"),
    ),
}  # fmt: skip


def terms() -> tuple[str, ...]:
    """The words, each as it is mostly called."""
    return tuple(_TERMS)


def term(name: str) -> Topic:
    """What a word means, with a lesson that shows it."""
    found = _TERMS[name]
    also = (f"Also: {', '.join(found.others)}.",) if found.others else ()
    return Topic("term", name, (found.text, *also), example=Example(f"lab run {found.lesson}"))


def other_names() -> dict[str, str]:
    """What else people say, and the word under which it is told."""
    return {other: name for name, each in _TERMS.items() for other in each.others}
