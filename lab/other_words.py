"""Words of PyTorch, Keras, JAX and scikit-learn that people write, and what the lab calls the same thing.

Where the meaning is not quite the same, the sentence says how it differs.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Self


class OwnKey(str):
    """A sentence that names the `key` that the lab has for what was written, with the same value; where that key is
    not allowed in the same block, the sentence says where it stands."""

    key: str

    def __new__(cls, key: str, sentence: str) -> Self:
        made = super().__new__(cls, sentence)
        made.key = key
        return made


_RATE = OwnKey("rate", "the learning rate is `rate` here: `optimizer: {name: sgd, rate: 0.1}`")
_EPOCHS = (
    "the length of a training is `steps` or `epochs` here, in `train`: `train: {epochs: 20}`; an epoch has as many "
    "steps as there are examples, divided by `train.batch`"
)
_COUNT = OwnKey("steps", "the number of steps is `steps` here: `train: {steps: 1000}`")
_SCHEDULE = "this is `schedule` here, in the optimizer: `optimizer: {name: sgd, schedule: {cosine: {steps: 1000}}}`"
_MEASURE = OwnKey("measure", "after so many steps it is measured, which is `measure` here: `train: {measure: 20}`")
_BATCH = OwnKey("batch", "the size of a batch is `batch` here: `train: {batch: 32}`")
_LOSS = "the loss goes with the task, and another one is chosen by `options: {loss: …}`: "
_CLASS_LOSS = "`softmax` is softmax followed by cross-entropy, on classes, which is the default"
_SOFTMAX = (
    "softmax is part of the loss of `task: classify`, so that the last layer is `{dense: classes}` alone, without a "
    "layer for it"
)
_HE = "this is `he` here: `init: he`, normal numbers of variance 2 / fan_in"
_VALIDATION = OwnKey("validation", "the share that is held back is `validation` here: `validation: 0.2`")
_STANDARD = "this is `standardise: true` here: mean 0 and standard deviation 1, from the training examples alone"
_TARGET = OwnKey("target", "the column that is predicted is `target` here")
_CONVOLUTION = "this is `conv` here, of images: `{conv: 16, kernel_size: 3, padding: same}`"
_FREEZE = "layers are frozen where their weights are taken over: `init: {from: RUN, freeze: [dense1]}`"
_WEIGHTS = "this is `class_weights` here: `options: {class_weights: balanced}`, or weights by class, `{yes: 10}`"


def _uniform(bound: str, name: str) -> str:
    return (
        f"it is not `uniform`, whose bound is fixed, but draws uniform numbers between plus and minus {bound}; "
        f"`init: {name}` draws normal numbers of the same variance"
    )


_XAVIER = "this is `{xavier: average}` here: normal numbers of variance 2 / (fan_in + fan_out)"
_XAVIER_UNIFORM = _uniform("√(6 / (fan_in + fan_out))", "{xavier: average}")

_AT_TOP, _TRAIN, _OPTIMIZER, _LAYER, _INIT, _TASK, _DATA = (
    "task",
    "measure",
    "rate",
    "dense",
    "xavier",
    "classify",
    "seed",
)

_WORDS: dict[str, dict[str, str]] = {
    # What is allowed in the place where the word was found tells which place it is.
    _AT_TOP: {
        "lr learning_rate": _RATE,
        "epochs epoch n_epochs num_epochs max_epochs max_iter": _EPOCHS,
        "iterations n_steps num_steps max_steps n_iter total_steps": _COUNT,
        "batch_size": _BATCH,
        "scheduler lr_scheduler schedule lr_schedule": _SCHEDULE,
        "loss criterion loss_fn objective": f"{_LOSS}{_CLASS_LOSS}; `l1`, `l2` and `huber` are for `task: regress`",
        "layers network": OwnKey(
            "model", "the layers are `model` here: `model: [{dense: 64}, relu, {dense: classes}]`"
        ),
        "metrics": OwnKey("watch", "what is measured is `watch` here: `watch: [loss, accuracy]`"),
        "class_weight class_weights weight pos_weight": _WEIGHTS,
        "freeze frozen trainable": _FREEZE,
        "seed random_state random_seed": "the seed is `train: {seed: 0}`",
        "initializer initialisation initialization": OwnKey("init", "this is `init` here: `init: he`"),
        "validation_split test_size": "this is `validation` in the data block: `data: {name: spiral, validation: 0.2}`",
    },
    _OPTIMIZER: {
        "lr learning_rate eta": _RATE,
        "weight_decay": OwnKey(
            "l2",
            "this is `l2` here, which adds l2 · w to the gradient; apart from the gradient it is "
            "`{name: adamw, weight_decay: 0.01}`",
        ),
        "betas beta1 beta2 b1 b2": "of `adam` these are `beta_1` and `beta_2`, one number each",
        "eps": "of `adam` this is `epsilon`",
        "clip_norm clipnorm max_grad_norm grad_clip clip_grad_norm clip_value clipvalue": OwnKey(
            "clip", "the largest length of the gradient is `clip` here"
        ),
        "scheduler lr_scheduler": OwnKey("schedule", "this is `schedule` here: `schedule: {cosine: {steps: 1000}}`"),
        "freeze frozen": _FREEZE,
    },
    _TRAIN: {
        "epochs epoch n_epochs num_epochs max_epochs max_iter": _EPOCHS,
        "iterations n_steps num_steps max_steps n_iter total_steps": _COUNT,
        "batch_size": _BATCH,
        "early_stopping earlystopping patience early_stop": OwnKey(
            "stop", "this is `stop` here: `train: {stop: {when: val_loss, patience: 10}}`"
        ),
        "clip_grad_norm clip_norm clipnorm max_grad_norm grad_clip gradient_clip_val clip": "the largest length of the "
        "gradient is `clip` here, in the optimizer: `optimizer: {name: adam, clip: 1}`",
        "log_every log_interval eval_every eval_interval log_steps": _MEASURE,
        "lr learning_rate": _RATE,
        "optimizer": "the optimizer stands beside `train`, not in it: `optimizer: {name: adam, rate: 0.01}`",
        "random_state": OwnKey("seed", "the seed is `seed` here"),
        "freeze frozen": _FREEZE,
        "class_weight class_weights weight": _WEIGHTS,
    },
    _LAYER: {
        "softmax log_softmax": _SOFTMAX,
        "linear fully_connected fc": "a layer of weights is `dense` here: `{dense: 64}`",
        "conv2d conv1d convolution": _CONVOLUTION,
        "maxpool2d max_pooling2d maxpooling2d": "this is `max_pool` here: `{max_pool: 2}`",
        "avgpool2d averagepooling2d": "this is `average_pool` here: `{average_pool: 2}`",
        "conv_transpose conv_transpose2d convtranspose2d conv2dtranspose": "this is `transposed_conv` here",
        "max_unpool maxunpool2d max_unpool2d maxunpooling2d": "this is `unpool` here: `{unpool: 2, mode: max}`",
        "upsample upsampling2d up_sampling2d upsample_nearest": "this is `resize` here: `{resize: 2, mode: bilinear}`",
        "batch_normalization batchnorm batchnorm1d bn": "this is `batch_norm` here",
        "layer_normalization layernorm": "this is `layer_norm` here",
        "multiheadattention multihead_attention mha attention self_attention multi_head_self_attention": "this is "
        "`multi_head_attention` here: `{multi_head_attention: 4, causal: true}`",
        "transformer_encoder_layer transformerencoderlayer transformer_block transformer_decoder_layer": "this is "
        "`transformer` here: `{transformer: 4, norm_first: true}`",
        "position_embedding positional_embedding pos_embedding position_encoding": "this is `positional_encoding` "
        "here: `{positional_encoding: learned}`",
        "swish": "this is `silu` here",
        "logistic": "this is `sigmoid` here",
    },
    _INIT: {
        "kaiming kaiming_normal he_normal": _HE,
        "kaiming_uniform he_uniform": _uniform("√(6 / fan_in)", "he"),
        "glorot glorot_normal xavier_normal": _XAVIER,
        "glorot_uniform xavier_uniform": _XAVIER_UNIFORM,
        "lecun lecun_normal": "this is `xavier` here: `init: xavier`, normal numbers of variance 1 / fan_in",
        "lecun_uniform": _uniform("√(3 / fan_in)", "xavier"),
        "zeros": "this is `zero` here",
        "ones": "this is `{constant: 1}` here",
    },
    _TASK: {
        "classification classifier": "this is `classify` here",
        "regression regressor": "this is `regress` here",
        "multilabel multi_label": "this is `label` here",
    },
    _DATA: {
        "validation_split test_size val_split": _VALIDATION,
        "normalize normalise standardize": _STANDARD,
        "shuffle": "batches are always drawn at random; `train: {batch: all}` takes all of them in the data's order",
        "random_state": OwnKey("seed", "the seed is `seed` here"),
        "class_weight class_weights weight": _WEIGHTS,
        "lookback look_back window window_size lags n_lags seq_len timesteps time_steps": OwnKey(
            "sequence_length", "how many rows in a row are read is `sequence_length` here"
        ),
        "horizon forecast_horizon steps_ahead": OwnKey(
            "ahead", "how many rows later the target stands is `ahead` here, beside `sequence_length`"
        ),
        "group_ids group_id unique_id series_id item_id static_id": OwnKey(
            "series", "the column that says of which series a row is, is `series` here, beside `sequence_length`"
        ),
        "sep": OwnKey("delimiter", "what separates the cells is `delimiter` here"),
        "label y target_column label_column": _TARGET,
        "n n_samples num_samples n_points": OwnKey(
            "points", "how many there are is `points` here, or `examples` for some of them"
        ),
        "usecols": OwnKey("features", "the columns that are used are `features` here"),
        "na_values missing_values null_values": OwnKey(
            "missing_marks",
            "cells that mean that nothing is known are `missing_marks` here: `missing_marks: [k.A., -999]`",
        ),
        "dropna": "what is done about missing values is `missing` here: drop, mean, median or category",
    },
    "tf_idf": {
        "max_tokens vocabulary_size vocab_size vocab num_words max_features": "how many different tokens are known is "
        "`tokens` here: `{tokens: 5000, length: 100}`",
        "output_sequence_length max_length maxlen max_len sequence_length pad_to seq_len": "how many tokens of a text "
        "are read is `length` here, beside `tokens`",
        "min_freq min_df min_frequency": "how often a token must be there is `min_count` here, beside `tokens`",
        "output_mode": "`{words: 1000}` counts the words of a text, `{tokens: 5000}` reads them in their order",
        "padding": "padding stands behind the end of a text, and layers leave it out; what a longer text loses is "
        "`truncating` here",
        "truncation": "this is `truncating` here: post or pre",
    },
    "class_weights": {"weight weights class_weight pos_weight sample_weight": _WEIGHTS},
    # Layers' settings
    "num_heads": {
        "nhead n_heads heads n_head": "the number of heads is `num_heads` here",
        "d_model embed_dim": "a block has as many features as what it is given, from an `{embedding: 64}` for instance",
        "d_ff ffn_dim hidden_dim dim_feed_forward": "the wider dense layer has `dim_feedforward` units here",
        "pre_norm prenorm norm_before": "this is `norm_first: true` here",
        "is_causal mask attn_mask": "this is `causal: true` here",
    },
    # Losses
    "hinge": {
        "mse l2 mean_squared_error l1 mae huber": "this is a loss for numbers, with `task: regress`; here "
        + _CLASS_LOSS,
        "cross_entropy crossentropy categorical_crossentropy sparse_categorical_crossentropy nll log_loss "
        "cross_entropy_loss": "this is `softmax` here, softmax followed by cross-entropy, which is the default",
        "bce binary_cross_entropy binary_crossentropy": "for two classes that is `softmax` on two outputs; one output "
        "for each label is `task: label`, with `logistic`",
    },
    "huber": {
        "mse mean_squared_error squared_error": "this is `l2` here, the mean of the squared errors",
        "mae mean_absolute_error absolute_error": "this is `l1` here, the mean of the absolute errors",
        "smooth_l1": "this is `huber` here, with `delta`",
        "cross_entropy crossentropy": "this is a loss for classes, with `task: classify`",
    },
    "logistic": {
        "bce binary_cross_entropy binary_crossentropy bcewithlogits": "this is `logistic` here, on the numbers before "
        "the sigmoid",
    },
    # Metrics
    "grad_norm": {
        "acc train_acc train_accuracy": "this is `accuracy` here",
        "train_loss training_loss": "this is `loss` here, of the training examples",
        "valid_loss validation_loss test_loss": "this is `val_loss` here, of the examples that were held back",
        "validation_accuracy test_accuracy test_acc": "this is `val_accuracy` here, of examples that were held back",
        "val_acc": "this is `val_accuracy` here",
        "mse mean_squared_error": "the mean squared error is the `loss` of `task: regress`; `rmse` is its root, in the "
        "unit of the targets",
        "mean_absolute_error": "this is `mae` here",
        "root_mean_squared_error": "this is `rmse` here",
        "auc auroc roc_auc_score rocauc": "this is `roc_auc` here",
        "pr_auc prauc auprc average_precision_score": "this is `average_precision` here, of each class and their mean",
        "f1_score f1score macro_f1": "this is `f1` here",
        "balanced_accuracy_score": "this is `balanced_accuracy` here",
        "r2_score": "this is `r2` here",
        "gradient_norm": "this is `grad_norm` here",
        "confusion_matrix confusion": "a confusion matrix is a picture here, `options: {pictures: [confusion]}`, and "
        "`lab evaluate RUN` prints it",
        "perplexity ppl": "the perplexity is exp of the `loss`, or of `val_loss`, which are in nats",
    },
    "sgd": {"gradient_descent gd": "this is `sgd` here, with `train: {batch: all}`", "l_bfgs": "this is `lbfgs` here"},
}


def in_other_words(name: str, allowed: Collection[str]) -> str:
    """How the lab says what is called `name` elsewhere, where `allowed` may stand; "" if it has no word for it.

    >>> in_other_words("mse", ["huber", "l1", "l2"])
    'this is `l2` here, the mean of the squared errors'
    """
    wanted = _plain(name)
    for place, words in _WORDS.items():
        if place in allowed:
            for others, answer in words.items():
                if wanted in map(_plain, others.split()):
                    return answer
    return ""


def _plain(word: str) -> str:
    """Without signs and capitals: BatchNorm1d, batch-norm-1d."""
    return re.sub(r"[^a-z0-9]", "", word.lower())
