"""`lab describe` with published architectures, and with two networks side by side."""

import json

import pytest

from lab.cli import run


def shown(capsys, *arguments):
    assert run(["describe", *arguments]) == 0
    return capsys.readouterr().out


def test_an_architecture_has_its_table_its_sums_and_the_published_figure_beside_the_count(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = shown(capsys, "vgg16")
    assert "conv1      224×224×64" in out
    assert "138,357,544  equal" in out
    assert "15,470,264,320" in out
    assert "relu1" not in out
    assert "relu1" in shown(capsys, "vgg16", "--all")


def test_arithmetic_on_demand(capsys):
    out = shown(capsys, "vgg16", "--arithmetic")
    assert "3×3×64×64 + 64 = 36,928" in out
    assert "224×224 × 3×3×64×64 = 1,849,688,064" in out


def test_two_side_by_side_have_bars_on_one_scale_and_ratios(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = shown(capsys, "vgg16", "resnet50").splitlines()
    assert max(map(len, lines)) <= 80
    dense = next(line for line in lines if line.startswith("dense1"))
    assert dense.split()[1] == "████████"  # the most parameters of both
    (parameters,) = [line for line in lines if line.startswith("parameters")]
    assert parameters.split()[1:] == ["138,357,544", "25,557,032", "5.4", ":", "1"]


def test_a_scenario_beside_an_architecture(capsys):
    assert "4,547" in shown(capsys, "dead-relu", "lenet5")


def test_as_json(capsys):
    found = json.loads(shown(capsys, "lenet5", "--json"))
    assert found["parameters"] == 61706
    assert found["layers"][0]["arithmetic"] == ["5×5×1×6 + 6", "28×28 × 5×5×1×6"]
    assert found["published"][0]["verdict"] == "equal"
    assert len(json.loads(shown(capsys, "lenet5", "vgg16", "--json"))) == 2


def test_without_a_name_all_are_listed(capsys):
    out = shown(capsys)
    assert "squeezenet1.1" in out
    assert "WRN-28-10" in out


def test_another_input_changes_what_depends_on_it(capsys):
    out = shown(capsys, "resnet50", "--input", "64x64x3")
    assert "25,557,032" in out
    assert "differs" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vgg166"], "did you mean vgg16"),
        (["vgg16", "vgg19", "vgg11"], "At most two"),
        (["vgg16", "--input", "big"], "224x224x3"),
        (["dead-relu", "--input", "8x8x1"], "no published architecture"),
        (["vgg16", "--input", "4x4x3"], "vgg16.yaml:"),
    ],
)
def test_bad_input(arguments, words, capsys):
    assert run(["describe", *arguments]) == 2
    output = capsys.readouterr()
    assert words in output.err
    assert output.out == ""


def test_where_winograds_form_is_used_is_said(capsys):
    out = " ".join(shown(capsys, "network-in-network").split())
    assert "in float32: conv2: forward, the weights' gradient, the input's gradient." in out
    assert "Winograd" not in shown(capsys, "dead-relu")
    # Kernels of 5×5 are not done so.
    layers = "{conv: 16, kernel_size: 5, padding: 2}, relu, {conv: 16, kernel_size: 3, padding: 1}, relu, flatten"
    model = f"model=[{layers}, {{dense: classes}}]"
    found = json.loads(shown(capsys, "network-in-network", "--set", model, "--json"))
    assert list(found["winograd"]) == ["conv2"]
