"""Whole scenarios drawn at random: data and how they are prepared, a network, an optimizer, a training."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tests.random_scenarios.networks import Chance, Images, Vectors, initialiser, odds, recurrent

STEPS = 20
FAMILIES = ("vectors", "values", "labels", "images", "images of labels", "sequences", "symbols", "columns")
WIDTHS = {"spiral": 2, "blobs": 2, "circles": 2, "moons": 2, "xor": 2, "iris": 4, "wine": 13, "breast-cancer": 30}
FOR_ALL = ("grad_norm", "rate", "weight_norm")
OF_CLASSES = ("accuracy", "f1", "precision", "recall")
WATCHED = {
    "classes": (
        *FOR_ALL, *OF_CLASSES, "update_ratio", "activation_mean", "activation_std", "saturation", "dead_relu",
        "balanced_accuracy", "log_loss", "unclipped_grad_norm", "signal_std", "small_weights", "slope", "unit_spread",
    ),
    "values": (*FOR_ALL, "mae", "rmse", "r2", "update_ratio", "activation_mean"),
    "labels": (*FOR_ALL, *OF_CLASSES),
    "text": (*FOR_ALL, "accuracy"),
}  # fmt: skip
HELD_BACK = {"accuracy", "f1", "mae", "rmse", "r2", "log_loss", "precision", "recall", "balanced_accuracy"}
TABLE = "table.csv"


def write_table(folder: Path) -> None:
    """A table with columns of all kinds, for the family `columns`: categories to look up, words, numbers with gaps."""
    words = ["the", "film", "was", "good", "bad", "long", "short", "and", "not", "very", "fun", "dull"]
    with (folder / TABLE).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["size", "city", "kind", "review", "price", "sold"])
        for n in range(72):
            review = " ".join(words[(n * k + k * k) % len(words)] for k in range(1, 3 + n % 5))
            gap = "" if n % 11 == 3 else f"{(n * 37 % 50) / 7:.3f}"
            rows.writerow(
                [gap, "ABCDE"[n * n % 5], "xyz"[n % 3], review, f"{n % 13 + n / 40:.2f}", ["no", "yes"][n % 7 > 2]]
            )


def scenario(chance: Chance, family: str, random: bool) -> dict[str, Any]:
    """A scenario of one family. random: whether layers and batches may have chance in them that a second reading of
    the scenario cannot know, such as dropout"""
    made: dict[str, Any] = {"title": "Random", "options": {}}
    kind = _data_and_network(chance, family, random, made)
    made["init"] = initialiser(chance)
    made["optimizer"] = optimizer(chance, in_epochs=family != "symbols")
    batch = chance.choice([1, 2, 4] if family == "symbols" else [1, 2, 7, 13, "all"])
    made["train"] = {"batch": batch, "steps": STEPS, "measure": chance.choice([1, 3, 5, 7, 20])}
    made["train"]["seed"] = chance.randint(0, 1000)
    if family != "symbols" and odds(chance, 0.2):
        made["train"]["epochs"] = chance.randint(1, 3)
        del made["train"]["steps"]
    names = chance.sample(WATCHED[kind], chance.randint(0, 5 if kind == "classes" else 3))
    made["watch"] = ["loss", *names]
    if {"validation", "folds"} & set(made["data"]):
        made["watch"] += ["val_loss", *(f"val_{name}" for name in names if name in HELD_BACK)]
    made["options"] = {key: value for key, value in made["options"].items() if value is not None}
    return made


def _data_and_network(chance: Chance, family: str, random: bool, made: dict[str, Any]) -> str:
    """Puts them, with the task, into a scenario; returns the kind of the targets."""
    options, vectors = made["options"], Vectors(chance, random)
    weighed = "balanced" if odds(chance, 0.2) else None
    if family in ("vectors", "columns"):
        made["task"], kind = "classify", "classes"
        options |= {"loss": chance.choice(["softmax", "softmax", "hinge"]), "class_weights": weighed}
        if family == "columns":
            made["data"] = _columns(chance) | _prepared(chance, kind, whitened=False, scaled=False)
            made["model"] = [{"dense": chance.randint(2, 8)}]
            width = made["model"][0]["dense"]
        else:
            name = chance.choice(list(WIDTHS))
            points = {} if name in ("iris", "wine", "breast-cancer") else {"points": chance.randint(50, 90)}
            made["data"] = {"name": name} | points | _prepared(chance, kind)
            made["model"], width = [], WIDTHS[name]
        layers, _ = vectors.several(width, chance.randint(0, 5))
        made["model"] += [*layers, {"dense": "classes"}]
        if odds(chance, 0.1):
            made["model"].insert(0, {"auxiliary": [{"dense": "outputs"}], "share": 0.4})
    elif family == "values":
        made["task"], kind = "regress", "values"
        made["data"] = chance.choice([{"name": "diabetes"}, {"name": "curve", "points": 70}]) | _prepared(chance, kind)
        made["data"] |= {"standardise_targets": True} if odds(chance, 0.3) else {}
        options["loss"] = chance.choice(["l1", "l2", "huber"])
        options |= {"delta": 0.3} if options["loss"] == "huber" and odds(chance, 0.5) else {}
        layers, _ = vectors.several({"diabetes": 10, "curve": 1}[made["data"]["name"]], chance.randint(0, 5))
        made["model"] = [*layers, {"dense": "outputs"}]
    elif family == "labels":
        made["task"], kind = "label", "labels"
        made["data"] = {"name": "attributes", "points": 60, "size": 6, "labels": chance.randint(2, 6)}
        made["data"] |= _prepared(chance, kind)
        options["loss"] = chance.choice(["logistic", "softmax"])
        options["class_weights"] = weighed if options["loss"] == "logistic" else None
        layers, _ = vectors.several(9, chance.randint(0, 4))
        made["model"] = ["flatten", {"dense": 9}, *layers, {"dense": "outputs"}]
    elif family in ("images", "images of labels"):
        kind = _images(chance, family, random, made)
    elif family == "sequences":
        made["task"], kind = "regress", "values"
        made["data"] = {"name": "adding", "points": 60, "length": chance.randint(2, 9)}
        made["data"] |= _prepared(chance, kind, whitened=False)
        options["loss"] = chance.choice(["l1", "l2", "huber"])
        before = [recurrent(chance, False, random)[0]] if odds(chance, 0.5) else []
        layer, width = recurrent(chance, True, random)
        layers, _ = vectors.several(width, chance.randint(0, 2), 1)
        made["model"] = [*before, layer, *layers, {"dense": "outputs"}]
    else:
        made["task"], kind = "language-model", "text"
        made["data"] = {
            "name": "countdown",
            "blocks": 60,
            "letters": chance.randint(2, 5),
            "count": chance.randint(2, 9),
        }
        options["state"] = chance.choice(["carried", "reset"]) if random else "reset"
        layers = [{"embedding": chance.randint(2, 8)}] if odds(chance, 0.6) else []
        layers += [recurrent(chance, False, random, backward=False)[0] for _ in range(chance.randint(1, 2))]
        layers += ["layer_norm"] if odds(chance, 0.3) else []
        made["model"] = [*layers, {"dense": "classes"}]
    return kind


def _columns(chance: Chance) -> dict[str, Any]:
    """Some columns of `write_table`'s table, categories looked up in tables that are learned, or words counted."""
    columns: dict[str, Any] = {"price": "skip"}
    columns["city"] = {"embedding": chance.randint(1, 4)} if odds(chance, 0.7) else "category"
    columns["kind"] = {"embedding": chance.randint(1, 3)} if odds(chance, 0.4) else "category"
    words: dict[str, Any] = {"words": chance.randint(2, 9)} | ({"tf_idf": True} if odds(chance, 0.5) else {})
    columns["review"] = words if odds(chance, 0.5) else "skip"
    return {"csv": TABLE, "target": "sold", "missing": chance.choice(["mean", "median", "drop"]), "columns": columns}


def _images(chance: Chance, family: str, random: bool, made: dict[str, Any]) -> str:
    images = Images(chance, random)
    if family == "images of labels":
        made["task"], kind, shape = "label", "labels", (8, 8, 1)
        made["data"] = {"name": "attributes", "points": 50, "size": 8, "labels": 4} | _prepared(chance, kind)
    else:
        made["task"], kind, shape = "classify", "classes", (8, 8, 1)
        made["data"] = _prepared(chance, kind, whitened=False) | {"name": "digits", "examples": chance.randint(40, 60)}
        if random and odds(chance, 0.4):
            changes = {"flip": True, "crop": 1, "translate": 0.2, "rotate": 20, "scale": 0.2, "brightness": 0.2}
            names = chance.sample(list(changes), chance.randint(1, 3))
            made["data"]["augment"] = {name: changes[name] for name in names}
    layers, shape = images.several(shape, chance.randint(0, 5))
    if random and min(shape[:2]) > 4 and odds(chance, 0.2):
        order = chance.choice(["random", "pseudorandom", "even"])
        layers.append({"fractional_max_pool": {"factor": round(chance.uniform(1.2, 2), 2), "order": order}})
    end = chance.choice(["flatten", None, "global_average_pool", "global_max_pool"])
    layers += [end] if end else []
    if end and "global" in end:
        layers += Vectors(chance, random).several(shape[2], chance.randint(0, 2), 1)[0]
    made["model"] = [*layers, {"dense": "classes" if kind == "classes" else "outputs"}]
    return kind


def _prepared(chance: Chance, kind: str, whitened: bool = True, scaled: bool = True) -> dict[str, Any]:
    """How examples are split and prepared."""
    made: dict[str, Any] = {}
    if odds(chance, 0.6):
        made["validation"] = chance.choice([0.1, 0.25, 0.5])
    elif odds(chance, 0.3):
        made |= {"folds": 3, "fold": chance.randint(0, 2)}
    ways: list[dict[str, Any]] = [{}, {}, {"standardise": True}, {"centre": True}]
    if scaled:
        ways += [{"scale": True}, {"scale": "range"}, {"binarise": 0.5}, {"multiply": 2}]
    ways += [{"whiten": True}] if whitened and kind != "labels" else []
    made |= chance.choice(ways)
    made |= {"copies": 2} if odds(chance, 0.15) else {}
    made |= {"examples": chance.randint(15, 24)} if odds(chance, 0.2) else {}
    made |= {"label_noise": 0.2} if kind == "classes" and odds(chance, 0.1) else {}
    return made | ({"seed": 5} if odds(chance, 0.2) else {})


def optimizer(chance: Chance, in_epochs: bool = True) -> dict[str, Any]:
    """Any of those that make a step of their own, with penalties, clipping and schedules."""
    name = chance.choice(["sgd", "sgd", "adam", "adamw", "rmsprop", "adagrad"])
    made: dict[str, Any] = {"name": name, "rate": chance.choice([0.001, 0.01, 0.05, 0.1, 0])}
    if name == "sgd" and odds(chance, 0.6):
        ways = [False, True, "look_ahead", "change_of_variables"]
        made |= {"momentum": chance.choice([0, 0.5, 0.9]), "nesterov": chance.choice(ways)}
    if name.startswith("adam") and odds(chance, 0.4):
        made |= {"beta_1": chance.choice([0, 0.5, 0.9]), "beta_2": chance.choice([0, 0.9, 0.999])}
        made |= {"epsilon": chance.choice([1e-8, 1e-3])} | ({"corrected": False} if odds(chance, 0.3) else {})
    if name == "adamw" and odds(chance, 0.5):
        made["weight_decay"] = chance.choice([0, 0.1, 1])
    if name == "rmsprop" and odds(chance, 0.4):
        made |= {"decay": chance.choice([0, 0.9]), "epsilon": 1e-4}
    for key, values in {"l2": [0, 0.01, 0.1], "l1": [0, 0.001], "max_norm": [0.5, 2], "clip": [0.1, 1, 100]}.items():
        made |= {key: chance.choice(values)} if odds(chance, 0.2) else {}
    if "clip" in made and odds(chance, 0.5):
        made["clip_by"] = chance.choice(["norm", "value", "squared_norm"])
    if {"l1", "l2"} & set(made) and odds(chance, 0.3):
        made["penalise_biases"] = True
    if odds(chance, 0.3):
        made["schedule"] = _schedule(chance, False, in_epochs)
    elif odds(chance, 0.2):
        made["schedule"] = [
            _schedule(chance, True, in_epochs),
            _schedule(chance, True, False),
            _schedule(chance, False, False),
        ]
    return made


def _schedule(chance: Chance, ends: bool, in_epochs: bool) -> Any:
    """A schedule. ends: it says how long it is, as it must where another one follows"""
    name, settings = chance.choice(
        [
            ("constant", {}),
            ("exponential", {"decay": 0.05}),
            ("inverse", {"decay": 0.1}),
            ("step", {"every": chance.randint(1, 7), "factor": chance.choice([0.5, 2])}),
            ("cosine", {"steps": chance.randint(1, 30), "low": chance.choice([0, 0.1, 1])}),
            ("cyclic", {"period": chance.randint(2, 9), "low": chance.choice([0, 0.3])}),
            ("cyclic", {"period": chance.randint(2, 9), "shape": "triangle"}),
            ("warm_up", {"steps": chance.randint(1, 12)}),
        ]
    )
    made: dict[str, Any] = dict(settings)
    if ends and "steps" not in made:
        made["steps"] = chance.randint(1, 10)
    if in_epochs and odds(chance, 0.3):
        for steps, epochs in (("steps", "epochs"), ("every", "every_epochs"), ("period", "period_epochs")):
            if steps in made:
                del made[steps]
                made[epochs] = chance.randint(1, 3)
    return {name: made} if made else name
