"""Words of other libraries are answered with the lab's own, and how to write it."""

import pytest

import lab
from lab.errors import BadInput

SCENARIO = """\
title: T
task: {task}
data: {{name: {data}}}
model: [{{dense: 8}}, relu, {{dense: outputs}}]
optimizer: {{name: sgd, rate: 0.1}}
watch: [loss]
"""


@pytest.fixture
def scenario(tmp_path):
    def write(task="classify"):
        path = tmp_path / f"{task}.yaml"
        path.write_text(SCENARIO.format(task=task, data="spiral" if task == "classify" else "linear"))
        return path

    return write


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"optimizer.freeze": ["dense1"]}, "layers are frozen where their weights are taken over: `init: {from: RUN,"),
        ({"optimizer.lr": 0.1}, "the learning rate is `rate` here: `optimizer: {name: sgd, rate: 0.1}`."),
        ({"learning_rate": 0.1}, "`learning_rate` names nothing in a scenario: did you mean optimizer.rate?"),
        ({"epochs": 3}, "`epochs` names nothing in a scenario: did you mean train.epochs?"),
        ({"train.n_epochs": 3}, "an epoch has as many steps as there are examples, divided by `train.batch`."),
        ({"train.batch_size": 8}, "the size of a batch is `batch` here: `train: {batch: 32}`."),
        ({"model": [{"dense": 8}, "Softmax"]}, "softmax is part of the loss of `task: classify`"),
        ({"model": [{"Linear": 8}]}, "a layer of weights is `dense` here"),
        ({"model": ["ReLU", {"dense": 3}]}, "did you mean relu?"),
        ({"model": ["MultiheadAttention"]}, "this is `multi_head_attention` here: `{multi_head_attention: 4, causal:"),
        ({"model": [{"transformer": {"nhead": 2}}]}, "the number of heads is `num_heads` here."),
        ({"model": [{"transformer": {"d_model": 2}}]}, "a block has as many features as what it is given"),
        ({"loss": "mse"}, "the loss goes with the task, and another one is chosen by `options: {loss: …}`"),
        ({"options.loss": "mse"}, "this is a loss for numbers, with `task: regress`"),
        ({"options.loss": "cross_entropy"}, "this is `softmax` here"),
        ({"init": "kaiming"}, "this is `he` here: `init: he`, normal numbers of variance 2 / fan_in."),
        ({"init": "glorot_uniform"}, "it is not `uniform`, whose bound is fixed, but draws uniform numbers between"),
        ({"init": {"glorot_normal": {}}}, "this is `{xavier: average}` here"),
        ({"optimizer.name": "AdamW"}, "did you mean adamw?"),
        ({"optimizer.weight_decay": 0.1}, "this is `l2` here, which adds l2 · w to the gradient"),
        ({"data.test_size": 0.2}, "the share that is held back is `validation` here"),
        ({"watch": ["acc"]}, "this is `accuracy` here."),
        ({"watch": ["train_loss"]}, "this is `loss` here, of the training examples."),
        ({"train.iterations": 100}, "the number of steps is `steps` here: `train: {steps: 1000}`."),
        ({"train.log_every": 10}, "after so many steps it is measured, which is `measure` here"),
        ({"scheduler": "cosine"}, "`scheduler` names nothing in a scenario: did you mean optimizer.schedule?"),
        ({"data.n_samples": 100}, "how many there are is `points` here"),
        ({"optimizer": "adam"}, "it must be a block of `key: value`, as in `{name: adam}`."),
        ({"data": "spiral"}, "it must be a block of `key: value`, as in `{name: spiral}`."),
        ({"claims": ["a.loss < b.loss"]}, "as in `{says: What will be true., that: last(a.loss) < last(b.loss)}`."),
        ({"task": "classification"}, "this is `classify` here."),
    ],
    ids=str,
)
def test_a_word_of_another_library_is_answered_with_the_labs_own(scenario, change, told):
    with pytest.raises(BadInput) as caught:
        lab.load(scenario(), change)
    assert told in str(caught.value)


def test_what_is_answered_can_be_written(scenario):
    """The settings that the answers name exist, and mean what is said of them."""
    with pytest.raises(BadInput, match="this is `l2` here, the mean of the squared errors"):
        lab.load(scenario("regress"), {"options.loss": "mse"})
    lab.load(scenario("regress"), {"options.loss": "l2"})
    for change in (
        {"init": {"xavier": "average"}},
        {"init": {"constant": 1}},
        {"init": "he"},
        {"optimizer": {"name": "adamw", "weight_decay": 0.01}},
        {"optimizer": {"name": "adam", "beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-7}},
        {"train": {"batch": "all", "steps": 1000, "measure": 20, "seed": 0}},
        {"optimizer": {"name": "sgd", "schedule": {"cosine": {"steps": 1000}}}},
        {"data": {"name": "spiral", "validation": 0.2, "standardise": True}},
        {"options": {"loss": "softmax"}},
        {"model": ["batch_norm", "layer_norm", "silu", "sigmoid", {"dense": "classes"}]},
    ):
        lab.load(scenario(), change)
