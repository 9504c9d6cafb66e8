"""Columns of categories that are looked up in a table of learned numbers, as `torch.nn.Embedding` has them."""

import csv
import math

import numpy as np
import pytest

import lab
from lab.cli import run
from lab.data import load
from lab.errors import BadInput, InvalidValue
from lab.evaluation.trained import TrainedModel
from lab.session import Session
from lab.tasks import check
from lab.tasks.training.data import load_split

NUMBERS = "age,city,product,spent"
MODEL = [{"dense": 6}, "tanh", {"dense": "outputs"}]


@pytest.fixture
def scenario(tmp_path):
    """A scenario beside a table of 200 rows, in which what is spent depends on the city."""
    random = np.random.default_rng(5)
    worth = random.normal(size=30)
    rows = []
    for _ in range(200):
        age, city, product = random.integers(18, 80), random.integers(30), random.integers(100, 120)
        rows.append(f"{age},Ort {city},{product},{worth[city] + 0.02 * age + 0.1 * random.normal():.3f}")

    def write(columns="{city: {embedding: 3}, product: {embedding: 2}}", rest="", rows=rows, **changes):
        (tmp_path / "shop.csv").write_text("\n".join([NUMBERS, *rows]) + "\n")
        content = {
            "title": "Shop",
            "task": "regress",
            "data": f"{{csv: shop.csv, target: spent, standardise: true, columns: {columns}{rest}}}",
            "model": "[{dense: 6}, tanh, {dense: outputs}]",
            "optimizer": "{name: adam, rate: 0.01}",
            "train": "{batch: all, steps: 40, measure: 1}",
            "watch": "[loss]",
        } | changes
        path = tmp_path / "shop.yaml"
        path.write_text("".join(f"{key}: {value}\n" for key, value in content.items()))
        return path

    return write


def experiment_of(path):
    session = Session(lab.load(path))
    experiment = session._roster.build(session.replicas[0])
    return session, experiment


def trained(path):
    session = Session(lab.load(path))
    session.start()
    assert session.wait(60)
    return session


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_it_trains_as_pytorch_does(scenario, optimizer):
    torch = pytest.importorskip("torch")
    path = scenario(optimizer=f"{{name: {optimizer}, rate: 0.05}}")
    session = trained(path)
    (replica,) = session.replicas
    before = replica.experiment.network.first_values()
    train = load_split(lab.load(path).scenario, 0, path.parent, "values").train
    x, y = torch.tensor(train.inputs.copy()), torch.tensor(train.targets.copy())
    city, product = torch.nn.Embedding(31, 3), torch.nn.Embedding(21, 2)
    dense = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    with torch.no_grad():
        city.weight.copy_(torch.tensor(before["embedding1.weight"]))
        product.weight.copy_(torch.tensor(before["embedding2.weight"]))
        for number, place in ((1, 0), (2, 2)):
            dense[place].weight.copy_(torch.tensor(before[f"dense{number}.weight"].T))
            dense[place].bias.copy_(torch.tensor(before[f"dense{number}.bias"]))
    weights = [*city.parameters(), *product.parameters(), *dense.parameters()]
    rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer](weights, lr=0.05)
    losses = []
    for _ in range(41):
        rule.zero_grad()
        inputs = torch.cat([x[:, :1], city(x[:, 1].long()), product(x[:, 2].long())], 1)
        loss = ((dense(inputs) - y) ** 2).mean()
        losses.append(loss.item())
        loss.backward()
        rule.step()
    found = session.history.curve("base", 0, "loss")[1]
    # The lab's loss of values is half the squared error, or the whole: the ratio is the same throughout.
    np.testing.assert_allclose(found / found[0], np.array(losses) / losses[0], rtol=2e-4)
    assert losses[-1] < 0.8 * losses[0]


def test_codes_are_places_in_the_table_and_are_not_scaled(scenario):
    path = scenario()
    train = load_split(lab.load(path).scenario, 0, path.parent, "values").train
    assert train.features == ("age", "city", "product")
    assert abs(train.inputs[:, 0].mean()) < 1e-6
    with (path.parent / "shop.csv").open() as file:
        cities = [row["city"] for row in csv.DictReader(file)]
    first = list(dict.fromkeys(cities))
    assert train.inputs[:, 1].tolist() == [1 + first.index(each) for each in cities]


def test_a_value_that_training_never_saw_counts_for_nothing(scenario, capsys):
    path = scenario(rest=", validation: 0.3", optimizer="{name: adamw, rate: 0.01, weight_decay: 0.1}")
    assert run(["run", str(path), "--plain"]) == 0
    assert "Categories have learned numbers: city (30: 3 each), product (20: 2 each)." in capsys.readouterr().out
    new = path.parent / "new.csv"
    new.write_text("age,city,product\n40,Atlantis,101\n40,Ort 3,999\n40,Ort 3,101\n40,Babel,101\n")
    out = path.parent / "out.csv"
    assert run(["predict", "shop-1", str(new), "--out", str(out)]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "2 rows have a city that was not there in training ('Atlantis', 'Babel')" in told
    assert "1 row has a product that was not there in training ('999')" in told
    answers = [float(row["spent"]) for row in csv.DictReader(out.open())]
    assert answers[0] == answers[3] != answers[2]
    session = trained(path)
    weights = session.replicas[0].experiment.weights()
    split = load_split(lab.load(path).scenario, 0, path.parent, "values")
    seen = set(split.train.inputs[:, 1].astype(int).tolist())
    never = [row for row in range(31) if row not in seen]
    assert 0 in never
    assert not weights["embedding1.weight"][never].any()
    assert np.abs(weights["embedding1.weight"][sorted(seen)]).min(axis=1).max() > 0


def test_a_gap_has_a_row_of_its_own(scenario, capsys):
    rows = [f"{20 + n},{'' if n % 4 == 0 else f'Ort {n % 7}'},{100 + n % 5},{n % 4}" for n in range(60)]
    path = scenario(rest=", missing: mean", rows=rows)
    train = load_split(lab.load(path).scenario, 0, path.parent, "values").train
    assert train.inputs[::4, 1].tolist() == [8.0] * 15
    assert "filled in" not in " ".join(train.story)
    assert run(["run", str(path), "--plain"]) == 0
    new = path.parent / "new.csv"
    new.write_text("age,city,product\n40,,101\n40,Nowhere,101\n40,Ort 1,\n")
    assert run(["predict", "shop-1", str(new), "--out", str(path.parent / "o.csv")]) == 0
    first, second, third = [float(row["spent"]) for row in csv.DictReader((path.parent / "o.csv").open())]
    assert first != second
    assert math.isfinite(third)
    told = capsys.readouterr().err
    assert "filled in" not in told
    with pytest.raises(BadInput, match="values are missing in 'city'"):
        check(lab.load(scenario(rows=rows)))


def test_it_is_kept_exported_and_judged(scenario, capsys):
    onnxruntime = pytest.importorskip("onnxruntime")
    path = scenario(rest=", validation: 0.3")
    assert run(["run", str(path), "--plain"]) == 0
    assert run(["evaluate", "shop-1", "--by", "product"]) == 0
    assert run(["export", "shop-1", "--format", "onnx", "--out", str(path.parent / "shop.onnx")]) == 0
    split = load_split(lab.load(path).scenario, 0, path.parent, "values")
    made = onnxruntime.InferenceSession(str(path.parent / "shop.onnx")).run(None, {"x": split.validation.inputs})[0]
    session = trained(path)
    kept = session.replicas[0].experiment
    model = TrainedModel("it", kept.kept_to_predict(), kept.weights())
    np.testing.assert_allclose(made, model.outputs(split.validation.inputs), rtol=1e-4, atol=1e-5)
    capsys.readouterr()
    assert run(["describe", str(path)]) == 0
    assert "embedding2" in capsys.readouterr().out
    assert run(["diagnose", str(path), "--steps", "20"]) in (0, 1)
    assert "city varies" not in capsys.readouterr().out


def test_rows_in_a_row_are_looked_up_too(scenario):
    path = scenario(
        columns="{city: {embedding: 3}, product: skip}",
        rest=", sequence_length: 5, validation: 0.2",
        model="[{lstm: {units: 4, return: last}}, {dense: outputs}]",
    )
    session = trained(path)
    curve = session.history.curve("base", 0, "loss")[1]
    assert curve[-1] < curve[0]
    weights = session.replicas[0].experiment.weights()
    assert weights["embedding1.weight"].shape == (31, 3)
    assert weights["lstm1.input.weight"].shape[0] == 2 + 3


@pytest.mark.parametrize(
    ("columns", "rest", "told"),
    [
        (
            "{city: embedding}",
            "",
            "data.columns.city: say how many numbers each category has, such as",
        ),
        ("{city: {embedding: 0}}", "", "0 is not allowed here: it must be at least 1."),
        ("{city: {embeding: 3}}", "", "unknown key 'embeding'; did you mean embedding?"),
        ("{town: {embedding: 3}}", "", "there is no column 'town'"),
        ("{city: {embedding: 3}}", ", whiten: true", "changes all inputs, but city is to stay as it is."),
        ("{city: {embedding: 3}}", ", multiply: 2", "changes all inputs, but city is to stay as it is."),
    ],
)
def test_what_cannot_be_is_told(scenario, columns, rest, told):
    path = scenario(columns=columns, rest=rest)
    if "whiten" in rest:
        path.write_text(path.read_text().replace("standardise: true, ", ""))
    with pytest.raises(BadInput) as caught:
        check(lab.load(path))
    assert told in str(caught.value)


def test_a_task_without_such_tables_says_so(tmp_path):
    (tmp_path / "a.csv").write_text("x,city,kind\n" + "".join(f"{n},c{n % 3},{'ab'[n % 2]}\n" for n in range(20)))
    block = {"csv": "a.csv", "target": "kind", "columns": {"city": {"embedding": 2}}}
    assert load(block, 0, tmp_path).train.features == ("x", "city")
    scenario = lab.load("dead-relu").scenario.model_copy(update={"data": block, "task": "vae"})
    with pytest.raises(InvalidValue, match="the task vae cannot look up rows of a table"):
        load_split(scenario, 0, tmp_path, "classes")
