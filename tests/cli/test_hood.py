"""`lab kernels`, `lab describe` and `lab doctor`."""

import json

import pytest

from lab.cli import run
from lab.graph import catalogue


def shown(capsys, *arguments):
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


def test_kernels_are_listed_with_declaration_and_meaning(capsys):
    out = shown(capsys, "kernels")
    assert "kernels/relu.py" in out
    assert "relu  x[n] -> y[n]" in out
    assert "y = max(x, 0)." in out


def test_kernels_as_json_names_each_kernel_once(capsys):
    names = [each["name"] for each in json.loads(shown(capsys, "kernels", "--json"))]
    assert len(names) == len(set(names)) > 100


def test_one_kernel_shows_source_speed_and_rule(capsys):
    out = shown(capsys, "kernels", "relu")
    assert 'def relu(x, y, thread, threads):\n    """y = max(x, 0)."""' in out
    assert "One call on x[8192] → y[8192]" in out
    assert "8,192 operations, 65,536 bytes" in out
    assert "The gradient rule of relu" in out
    assert "kernels.relu_gradient" in out


def test_a_gradient_kernel_names_the_operation_it_serves(capsys):
    found = json.loads(shown(capsys, "kernels", "relu_gradient", "--json"))
    assert "kernels.relu_gradient" in found["rules"]["relu"]
    assert found["measured"]["bytes"] == 3 * 4 * 8192
    assert found["measured"]["seconds"] > 0


def test_an_optimizer_has_no_rule(capsys):
    assert "No gradient passes through it." in shown(capsys, "kernels", "sgd")


def test_an_unknown_kernel_gets_the_nearest_name(capsys):
    assert run(["kernels", "rellu"]) == 2
    assert "There is no kernel 'rellu': did you mean relu?" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(catalogue.all_kernels()))
def test_every_kernel_runs_inside_its_operands_on_its_typical_shape(name):
    from kernels.targets import python

    plan, memory = catalogue.typical(catalogue.all_kernels()[name])
    python.Program(plan, memory).run()


def test_looking_things_up_moves_only_what_is_looked_up(capsys):
    measured = json.loads(shown(capsys, "kernels", "gather_rows", "--json"))["measured"]
    assert measured["bytes"] == 4 * (64 + 2 * 64 * 64)


def test_describe_counts_layers_parameters_and_memory(capsys):
    found = json.loads(shown(capsys, "describe", "dead-relu", "--json"))
    assert found["variant"] == "good"
    assert found["parameters"] == 2 * 64 + 64 + 64 * 64 + 64 + 64 * 3 + 3
    first = found["layers"][0]
    assert first["name"] == "dense1"
    assert first["output"] == [64]
    assert first["parameters"] == 192
    assert first["multiply_adds"] == 128
    assert first["activations"] == 100 * 64 * 4
    assert {each["name"] for each in found["programs"]} >= {"step", "measure"}
    assert "plan" not in found


def test_describe_as_text(capsys):
    out = shown(capsys, "describe", "dead-relu", "--variant", "elu")
    assert "variant elu" in out
    assert "elu1" in out
    assert "4,547" in out
    assert "Memory of one replica" in out


def test_describe_with_the_plan(capsys):
    out = shown(capsys, "describe", "dead-relu", "--plan")
    assert "Program step" in out
    assert "softmax_cross_entropy_gradient" in out
    plan = json.loads(shown(capsys, "describe", "dead-relu", "--plan", "--json"))["plan"]
    assert plan["step"][0]["kernel"] == "choose_batch"
    assert all(row["bytes"] > 0 for row in plan["step"])


def test_describe_takes_settings(capsys):
    found = json.loads(shown(capsys, "describe", "dead-relu", "--set", "train.batch=10", "--json"))
    assert found["layers"][0]["activations"] == 10 * 64 * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-thing"], "There is no scenario"),
        (["dead-relu", "--variant", "goood"], "did you mean good?"),
        (["dead-relu", "--set", "train.bach=3"], "bach"),
        (["dead-relu", "--set", "model.0.dense=1000000000"], "GiB"),
    ],
)
def test_describe_refuses_bad_input(arguments, words, capsys):
    assert run(["describe", *arguments]) == 2
    output = capsys.readouterr()
    assert words in output.err
    assert output.out == ""


def test_doctor_says_what_is_here(capsys):
    out = shown(capsys, "doctor")
    for word in (
        "processor",
        "numba",
        "BLAS",
        "kernels",
        "runs",
        "terminal",
        "extras",
        "GPU",
        "--device auto uses",
    ):
        assert word in out
    assert "OPENBLAS_CORETYPE is not set" in out or "OPENBLAS_CORETYPE is set to" in out


def test_doctor_names_a_pinned_blas_and_an_unwritable_store(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "home"))
    out = shown(capsys, "doctor")
    assert "OPENBLAS_CORETYPE is set to Haswell" in out
    assert "cannot be written" in out


def test_an_extra_lacks_what_it_asks_another_package_to_bring_along(monkeypatch):
    from lab.bench import machine

    needs = {
        "backprop-lab": ["compiler[new]>=1; extra == 'gpu'", "compiler[old]>=1; extra == 'gpu-old'", "numpy"],
        "compiler": ["linker-new<2; extra == 'new'", "linker-old<2; extra == 'old'", "numpy"],
    }

    def version(name: str) -> str:
        if name not in ("compiler", "linker-new"):
            raise machine.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(machine.metadata, "requires", needs.get)
    monkeypatch.setattr(machine.metadata, "version", version)
    assert machine.extras() == {"gpu": [], "gpu-old": ["linker-old"]}


def test_doctor_as_json(capsys, tmp_path):
    found = json.loads(shown(capsys, "doctor", "--json"))
    assert found["blas"]["threads"] == 1
    assert found["runs"]["writable"] is True
    assert found["machine"]["cores"] >= 1
    assert "bench" in found["extras"]
    assert {"driver", "toolkit", "devices", "auto", "problem", "install"} == set(found["gpu"])
