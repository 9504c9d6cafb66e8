"""What runs of `detect` and `locate` say of images afterwards: boxes as others read them, drawn, and judged."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from lab.cli import run as main
from lab.evaluation.objects import AT_HALF, FOUND, OVER_ALL, ObjectJudgement, ObjectPredictions
from lab.metrics.detection import Detections, Truths, mean_average_precision
from lab.metrics.detection.judged import truths_of
from lab.store import Store

SCENARIO = """
title: boxes of one's own
task: detect
data: {boxes: boxes.json, images: photos, size: 24, validation: 0.25, standardise: true}
model:
  - {conv: 8, kernel_size: 3, padding: same}
  - relu
  - {max_pool: 2}
  - {conv: 16, kernel_size: 3, padding: same}
  - relu
  - {max_pool: 2}
  - {conv: 16, kernel_size: 3, padding: same}
  - relu
  - {max_pool: 2}
  - {conv: outputs, kernel_size: 1, init: {normal: 0.01}}
init: he
optimizer: {name: adam, rate: 0.01}
train: {batch: 15, steps: 250, measure: 50, seed: 0}
options: {detector: {yolo: {grid: 3, boxes: 1}}}
watch: [val_mean_average_precision, val_mean_average_precision_coco, val_objects_found]
"""
CLASSES = ["dark", "bright"]


def write_photos(place, count=60):
    """Photographs of 48 × 36 with a dark or a bright square on grey, or both: [(file, [(class, box)])]."""
    random, listed = np.random.default_rng(1), []
    (place / "photos").mkdir()
    for number in range(count):
        image, objects = np.full((48, 36, 3), 128, np.uint8), []
        for class_, value in enumerate((10, 245)):
            if number % 3 == 2 - class_:
                continue
            row, column = int(random.integers(0, 30)), int(random.integers(0, 5)) + 18 * class_
            high, wide = int(random.integers(10, 18)), int(random.integers(8, 13))
            image[row : row + high, column : column + wide] = value
            objects.append((class_, [column, row, min(36, column + wide), min(48, row + high)]))
        name = f"{number:02d}.png"
        Image.fromarray(image).save(place / "photos" / name)
        listed.append((name, objects))
    return listed


def write_coco(path, listed):
    """The same as COCO's JSON."""
    content = {
        "images": [{"id": 7 + k, "file_name": name, "width": 36, "height": 48} for k, (name, _) in enumerate(listed)],
        "categories": [{"id": 3, "name": "dark"}, {"id": 9, "name": "bright"}],
        "annotations": [
            {"id": 1, "image_id": 7 + k, "category_id": (3, 9)[c], "bbox": [b[0], b[1], b[2] - b[0], b[3] - b[1]]}
            for k, (_, objects) in enumerate(listed)
            for c, b in objects
        ],
    }
    path.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("own")
    write_coco(place / "boxes.json", write_photos(place))
    (place / "own.yaml").write_text(SCENARIO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(place / "store"))
        assert main(["run", str(place / "own.yaml"), "--plain"]) == 0
    return place


@pytest.fixture
def run_in(folder, monkeypatch, capsys):
    """Runs a command line there: (exit code, stdout, stderr)."""
    monkeypatch.setenv("LAB_HOME", str(folder / "store"))
    monkeypatch.chdir(folder)
    capsys.readouterr()

    def run(*arguments):
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return run


def test_images_that_were_held_back_give_the_scores_of_the_validation_again(run_in):
    code, out, _ = run_in("evaluate", "own-1", "--json")
    assert code == 0
    told = json.loads(out)
    with Store.open() as store:
        curves = store.curves("own-1")[("base", 0)]
    assert told["where"] == "15 images of boxes.json that were held back"
    found = {each["score"]: each for each in told["scores"]}
    for score, metric in (
        (AT_HALF, "val_mean_average_precision"),
        (OVER_ALL, "val_mean_average_precision_coco"),
        (FOUND, "val_objects_found"),
    ):
        assert found[score]["value"] == pytest.approx(float(curves[metric][1][-1]), abs=1e-6)
        assert found[score]["value"] > found[score]["baseline"]
        low, high = found[score]["interval"]
        assert 0 <= low <= found[score]["value"] <= high <= 1
    assert [each["class"] for each in told["classes"]] == CLASSES
    assert all(each["row"]["file"].endswith(".png") for each in told["worst"])


def test_people_read_the_same_in_words(run_in):
    code, out, _ = run_in("evaluate", "own-1")
    assert code == 0
    assert "AP at 0.5" in out
    assert "in each image it says" in out


def test_another_source_is_judged_on_and_one_with_other_classes_is_refused(folder, run_in):
    code, out, _ = run_in("evaluate", "own-1", "--data", "boxes.json", "--json")
    assert code == 0
    assert json.loads(out)["examples"] == 60
    other = json.loads((folder / "boxes.json").read_text())
    other["categories"][0]["name"] = "cat"
    (folder / "other.json").write_text(json.dumps(other))
    code, _, err = run_in("evaluate", "own-1", "--data", "other.json")
    assert code == 2
    assert err.count("\n") == 1
    assert "the class cat" in err


def test_predictions_are_boxes_in_pixels_of_the_image_as_coco_writes_them(folder, run_in):
    code, out, _ = run_in("predict", "own-1", "photos", "--out", "found.json", "--force")
    assert code == 0
    found = json.loads((folder / "found.json").read_text())
    true = json.loads((folder / "boxes.json").read_text())
    names = {each["id"]: each["file_name"] for each in true["images"]}
    assert {"image_id", "category_id", "bbox", "score"} <= set(found[0])
    near = 0
    for each in true["annotations"]:
        own = [
            one
            for one in found
            if one["file_name"] == names[each["image_id"]]
            and one["category"] == ("dark" if each["category_id"] == 3 else "bright")
        ]
        near += any(np.abs(np.subtract(one["bbox"], each["bbox"])).max() < 8 for one in own)
    assert near > 0.6 * len(true["annotations"])
    code, out, _ = run_in("predict", "own-1", "photos")
    assert out.splitlines()[0] == "image,class,x_min,y_min,x_max,y_max,score"
    assert len(out.splitlines()) == 1 + len(found)


def test_boxes_are_drawn_into_images_as_large_as_they_were(folder, run_in):
    code, out, _ = run_in("predict", "own-1", "photos", "--out", "drawn")
    assert code == 0
    assert "60 images" in out
    drawn = np.asarray(Image.open(folder / "drawn" / "00.png"))
    before = np.asarray(Image.open(folder / "photos" / "00.png"))
    assert drawn.shape == before.shape
    assert 0 < (drawn != before).any(axis=2).mean() < 0.5


def test_two_networks_are_compared_image_by_image(run_in):
    code, out, _ = run_in("evaluate", "own-1", "--against", "own-1")
    assert code == 0
    assert "difference of 1 - AP of an image: +0" in out


@pytest.mark.parametrize("seed", range(3))
def test_scores_of_samples_are_those_of_images_that_are_there_several_times(seed):
    random = np.random.default_rng(seed)
    images, most = 6, 3
    targets = np.tile([-1.0, 0, 0, 0, 0], (images, most, 1))
    said = []
    for image in range(images):
        for place in range(int(random.integers(0, most + 1))):
            corner = random.uniform(0, 20, 2)
            box = np.concatenate([corner, corner + random.uniform(5, 12, 2)])
            targets[image, place] = [random.integers(2), *box]
            said += [(image, int(random.integers(2)), random.random(), box + random.normal(0, 1.5, 4)) for _ in "ab"]
    names, found = ("a", "b"), Detections.of(said)
    made = ObjectPredictions.of(names, found, images, (40, 40))
    judged = ObjectJudgement(made, targets, np.array([0.5, 0.5, 0, 0, 1, 1]), np.arange(images), "image")
    rows = random.integers(0, images, 9)
    copies = [(place, truths_of(targets[row : row + 1])) for place, row in enumerate(rows.tolist())]
    truths = Truths(
        np.concatenate([np.full(each.count, place) for place, each in copies]),
        np.concatenate([each.classes for _, each in copies]),
        np.concatenate([each.boxes for _, each in copies]),
    )
    again = [
        (place, int(found.classes[each]), float(found.scores[each]), found.boxes[each])
        for place, row in enumerate(rows.tolist())
        for each in np.flatnonzero(found.images == row)
    ]
    scores = judged.scored(rows)
    detections = Detections.of(again)
    assert scores[AT_HALF] == pytest.approx(mean_average_precision(detections, truths, "area"))
    steps = tuple(0.5 + 0.05 * step for step in range(10))
    assert scores[OVER_ALL] == pytest.approx(mean_average_precision(detections, truths, "coco101", steps))


@pytest.mark.parametrize(
    ("task", "model", "options"),
    [
        (
            "locate",
            "[{conv: 4, kernel_size: 3, stride: 2}, relu, flatten, {dense: outputs}]",
            "{}",
        ),
        (
            "detect",
            "[{conv: 4, kernel_size: 3, stride: 2, padding: 1}, relu, {regions: 4}, flatten, {dense: outputs}]",
            "{detector: {regions: {most: 4}}}",
        ),
        (
            "detect",
            "[{conv: 4, kernel_size: 3, stride: 4, padding: 1}, propose, {regions: 4}, flatten, {dense: outputs}]",
            "{detector: {faster_rcnn: {map: 8, most: 4}}}",
        ),
    ],
)
def test_other_ways_to_find_objects_give_the_scores_of_the_validation_again(
    task, model, options, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    (tmp_path / "own.yaml").write_text(
        f"title: t\ntask: {task}\ndata: {{name: shape-objects, points: 60, shapes: 1, validation: 0.5}}\n"
        f"model: {model}\noptimizer: {{name: adam, rate: 0.01}}\ntrain: {{batch: 10, steps: 30, measure: 30}}\n"
        f"options: {options}\nwatch: [{'val_located' if task == 'locate' else 'val_objects_found'}]\n"
    )
    assert main(["run", str(tmp_path / "own.yaml"), "--plain"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "own-1", "--json"]) == 0
    found = {each["score"]: each["value"] for each in json.loads(capsys.readouterr().out)["scores"]}
    with Store.open() as store:
        [curve] = store.curves("own-1")[("base", 0)].values()
    assert found[FOUND] == pytest.approx(float(curve[1][-1]), abs=1e-6)


def test_a_network_that_looks_once_is_exported_with_all_its_numbers(folder, run_in):
    code, _, _ = run_in("export", "own-1", "--out", "own.onnx", "--force")
    assert code == 0
    assert (folder / "own.onnx").stat().st_size > 4 * (3 * 8 * 9 + 8 * 16 * 9 + 16 * 16 * 9 + 16 * 7)
