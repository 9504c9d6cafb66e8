"""What a run of `segment` says of images afterwards: masks, and how good they are."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import lab
import lab.data
from lab.cli import run as main
from lab.errors import BadInput
from lab.evaluation import TrainedModel
from lab.evaluation.masks import MaskJudgement, MaskPredictions, palette
from lab.metrics import scores
from lab.store import Store
from lab.tasks.task import PREDICTING

SCENARIO = """
title: masks of one's own
task: segment
data: {images: photos, masks: masks, names: [ground, dark, bright], size: 12, validation: 0.25, standardise: true}
model: [{conv: 8, kernel_size: 3, padding: same}, relu, {conv: classes, kernel_size: 1}]
optimizer: {name: adam, rate: 0.02}
train: {batch: 4, steps: 150, measure: 50, seed: 0}
watch: [loss, val_mean_iou, val_pixel_accuracy]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve photographs of 24 × 18 with a dark and a bright square on grey, and their masks."""
    place, random = tmp_path_factory.mktemp("own"), np.random.default_rng(1)
    for name in ("photos", "masks"):
        (place / name).mkdir()
    for number in range(12):
        image, mask = np.full((24, 18, 3), 128, np.uint8), np.zeros((24, 18), np.uint8)
        for level, value in ((1, 20), (2, 240)):
            row, column = random.integers(0, 12), random.integers(0, 6) + (9 if level == 2 else 0)
            image[row : row + 8, column : column + 5] = value
            mask[row : row + 8, column : column + 5] = level
        image = np.clip(image + random.normal(0, 60, image.shape), 0, 255).astype(np.uint8)
        Image.fromarray(image).save(place / "photos" / f"{number}.png")
        Image.fromarray(mask).save(place / "masks" / f"{number}.png")
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


def test_images_that_were_held_back_give_the_scores_of_the_validation_again(folder, run_in):
    code, out, _ = run_in("evaluate", "own-1", "--json")
    assert code == 0
    told = json.loads(out)
    with Store.open() as store:
        curves = store.curves("own-1")[("base", 0)]
    assert told["where"] == "3 images of photos that were held back"
    found = {each["score"]: each for each in told["scores"]}
    for score, metric in (("mean IoU", "val_mean_iou"), ("pixel accuracy", "val_pixel_accuracy")):
        assert found[score]["value"] == pytest.approx(float(curves[metric][1][-1]), abs=1e-6)
        low, high = found[score]["interval"]
        assert low <= found[score]["value"] <= high
    assert found["pixel accuracy"]["baseline"] == pytest.approx(told["classes"][0]["examples"] / (3 * 144))
    assert sum(map(sum, told["confusion"])) == 3 * 144
    assert [each["class"] for each in told["classes"]] == ["ground", "dark", "bright"]
    assert [each["iou"] for each in told["classes"]] == pytest.approx(scores.iou(np.array(told["confusion"])))
    assert told["calibration"] is None
    for each in told["worst"]:
        assert (folder / "photos" / each["row"]["file"]).is_file()


def test_people_read_which_images_are_worst_and_that_pixels_are_counted(run_in):
    code, out, _ = run_in("evaluate", "own-1", "--part", "train")
    assert code == 0
    assert "9 images of photos that were trained on" in out
    assert "it says ground of every pixel" in out
    assert "bootstrap samples of the images" in out
    assert "class   pixels  precision" in out
    assert "mean IoU" in out.split("The worst mistakes:")[1]
    assert ".png" in out.split("The worst mistakes:")[1]


def test_masks_are_as_large_as_their_images_and_name_classes_by_numbers(folder, run_in, tmp_path):
    code, out, _ = run_in("predict", "own-1", "photos", "--out", str(tmp_path / "said"))
    assert (code, out) == (0, f"Wrote {tmp_path / 'said'}: 12 masks.\n")
    right = []
    for number in range(12):
        with Image.open(tmp_path / "said" / f"{number}.png") as mask:
            assert (mask.mode, mask.size) == ("P", (18, 24))
            assert mask.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]  # PASCAL VOC's first three
            said = np.asarray(mask)
        with Image.open(folder / "masks" / f"{number}.png") as mask:
            right.append((said == np.asarray(mask)).mean())
    assert np.mean(right) > 0.9  # edges that were brought to 12 × 12 and back
    code, _, err = run_in("predict", "own-1", "photos", "--out", str(tmp_path / "said"))
    assert code == 2
    assert "is there already and not empty" in err
    assert run_in("predict", "own-1", "photos", "--out", str(tmp_path / "said"), "--force")[0] == 0


def test_shares_of_the_classes_are_a_table(run_in, tmp_path):
    code, out, _ = run_in("predict", "own-1", "photos")
    assert code == 0
    rows = [line.split(",") for line in out.splitlines()]
    assert rows[0] == ["image", "share of ground", "share of dark", "share of bright"]
    assert [row[0] for row in rows[1:]] == sorted(f"{each}.png" for each in range(12))
    for row in rows[1:]:
        assert sum(map(float, row[1:])) == pytest.approx(1)
    assert run_in("predict", "own-1", "photos/3.png", "--out", str(tmp_path / "one.json"))[0] == 0
    assert json.loads((tmp_path / "one.json").read_text())[0]["image"] == "3.png"


def test_new_images_with_masks_are_judged(folder, run_in, tmp_path):
    code, out, _ = run_in("evaluate", "own-1", "--data", ".", "--json")
    told = json.loads(out)
    assert code == 0
    assert sum(map(sum, told["confusion"])) == 12 * 144
    again = json.loads(run_in("evaluate", "own-1", "--data", "photos", "--masks", "masks", "--json")[1])
    assert again["confusion"] == told["confusion"]
    parts = [np.array(json.loads(run_in("evaluate", "own-1", "--part", part, "--json")[1])["confusion"])
             for part in ("train", "validation")]  # fmt: skip
    np.testing.assert_array_equal(np.array(told["confusion"]), sum(parts))
    shutil.copytree(folder / "photos", tmp_path / "images")
    shutil.copytree(folder / "masks", tmp_path / "masks")
    with Image.open(tmp_path / "masks" / "3.png") as mask:
        pixels = np.asarray(mask).copy()
    pixels[:] = 7
    Image.fromarray(pixels).save(tmp_path / "masks" / "3.png")
    code, _, err = run_in("evaluate", "own-1", "--data", str(tmp_path))
    assert code == 2
    assert "3.png has pixels of 7, but the classes of the training are 0, 1, 2." in err
    code, _, err = run_in("evaluate", "own-1", "--masks", "masks")
    assert code == 2
    assert "give both" in err


def test_pixels_that_do_not_count_are_not_judged():
    made = MaskPredictions.of(("a", "b"), np.array([[[0, 0], [1, 1]], [[0, 1], [1, 1]]], np.uint8))
    true = np.array([[[0, -1], [1, 0]], [[-1, -1], [-1, -1]]])
    judgement = MaskJudgement(made, true, np.array([0.9, 0.1]), np.arange(2), "image")
    np.testing.assert_array_equal(judgement.confusion, [[1, 1], [0, 1]])
    assert judgement.scored() == {"mean IoU": 0.5, "pixel accuracy": pytest.approx(2 / 3)}
    assert judgement.right.tolist() == [False, True]
    assert judgement.errors.tolist() == [0.5, 0]
    assert judgement.truth(1) == "no pixel that counts"


def test_two_networks_are_compared_image_by_image(run_in):
    code, out, _ = run_in("evaluate", "own-1", "--against", "own-1")
    assert code == 0
    assert "difference of 1 - mean IoU of an image: +0" in out
    assert "permutation test of the 1 - mean IoU" in out


def test_from_python_each_pixel_has_a_name(folder):
    result = lab.run(folder / "own.yaml")
    made = result.predict(np.zeros((2, 12, 12, 3)))
    assert made.answers.shape == (2, 12, 12)
    assert set(np.unique(made.answers)) <= {"ground", "dark", "bright"}


def test_a_run_that_was_kept_before_masks_were_known_is_refused(folder, run_in):
    with Store.open() as store:
        metadata, weights = store.weights_metadata("own-1", "base", 0), store.weights("own-1")[("base", 0)]
    about = json.loads(metadata[PREDICTING])
    del about["recipe"]["pixels"]
    model = TrainedModel.of_metadata("own-1", {PREDICTING: json.dumps(about)}, weights)
    with pytest.raises(BadInput, match="kept by an older lab"):
        model.predict(np.zeros((1, 12, 12, 3)))


def test_scores_count_pixels_over_all_images():
    names = ("a", "b")
    said = np.array([[[0, 0], [1, 1]], [[0, 1], [1, 1]]], np.uint8)
    true = np.array([[[0, 1], [1, 1]], [[0, 0], [0, 0]]])
    made = MaskPredictions.of(names, said)
    np.testing.assert_array_equal(made.numbers, [[0.5, 0.5], [0.25, 0.75]])
    judgement = MaskJudgement(made, true, np.array([0.9, 0.1]), np.arange(2), "image")
    # Of a: 2 pixels are right, 3 are missed, 1 is too many; of b: 2, 1, 3.
    assert judgement.scored() == {"mean IoU": pytest.approx((2 / 6 + 2 / 6) / 2), "pixel accuracy": 0.5}
    # Always a: a has 5 of 8 pixels, b none of its 3.
    assert judgement.scored_baseline() == {"mean IoU": pytest.approx(5 / 8 / 2), "pixel accuracy": 5 / 8}
    # First image: a 1 of 2, b 2 of 3; second: a 1 of 4, b 0 of 3.
    np.testing.assert_allclose(judgement.errors, [1 - (1 / 2 + 2 / 3) / 2, 1 - (1 / 4 + 0) / 2])
    assert judgement.worst(1).tolist() == [1]
    assert judgement.truth(0) == "b 75%, a 25%"
    assert judgement.part(np.array([1])).scored()["pixel accuracy"] == 1 / 4


def test_colours_are_those_of_pascal_voc():
    # The first classes of its development kit's colour map: background, aeroplane, bicycle, bird, boat.
    assert palette(5) == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128]
    assert palette(256)[-3:] == [224, 224, 192]
    assert len({tuple(palette(256)[each : each + 3]) for each in range(0, 768, 3)}) == 256
