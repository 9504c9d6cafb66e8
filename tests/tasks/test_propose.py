"""`task: propose`: what is measured and shown after so many boxes, against each box by itself, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.metrics.detection import intersection_over_union
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.detection.proposing import FOUND, NOW, OBJECT
from tests.tasks.states import require_same_after_restoring

SHAPES = {"name": "shape-objects", "points": 12, "size": 32, "shapes": 3, "halves": True}
WATCH = ["objects_found", "best_overlap", "boxes", "multiply_adds"]
MODEL = [{"conv": 4, "kernel_size": 3}, "relu", {"dense": "outputs"}]
WINDOWS = {"windows": {"sizes": [8, 12], "ratios": [1, 2], "strides": [8, 4]}}
SEARCH = {"selective_search": {"smallest": 6}}


def build(proposals, data=SHAPES, model=MODEL, watch=WATCH, **options):
    scenario = Scenario.model_validate(
        {
            "title": "Boxes",
            "task": "propose",
            "data": data,
            "model": model,
            "options": {"proposals": proposals, "crop": 10, **options},
            "train": {"steps": 500},
            "watch": watch,
        }
    )
    return task_of(scenario).build(scenario, 3, None)


def experiment(*arguments, **options):
    made = build(*arguments, **options)
    prepare(made.kernels())
    made.prepare()
    return made


@pytest.mark.parametrize("overlap", [0.4, 0.7])
@pytest.mark.parametrize("proposals", [WINDOWS, SEARCH])
def test_metrics_after_each_number_of_boxes(proposals, overlap):
    made = experiment(proposals, overlap=overlap)
    # 4 maps of 8 × 8 places from 3 × 3 × 3 numbers, then 6 outputs: five kinds and the background.
    each = 8 * 8 * 4 * 27 + 8 * 8 * 4 * 6
    for step in range(0, made.most + 3, 3):
        best, looked_at = [], []
        for boxes, targets in zip(made.boxes, made.data.targets, strict=True):
            own, some = targets[targets[:, 0] >= 0][:, 1:5], boxes[:step]
            overlaps = intersection_over_union(own, some)
            best += overlaps.max(axis=1).tolist() if len(some) else [0.0] * len(own)
            looked_at.append(len(some))
        values = made.measure()
        assert values["objects_found"] == pytest.approx(np.mean(np.array(best) >= overlap))
        assert values["best_overlap"] == pytest.approx(np.mean(best))
        assert values["boxes"] == pytest.approx(np.mean(looked_at))
        assert values["multiply_adds"] == pytest.approx(each * np.mean(looked_at))
        assert made.stopped == (step >= made.most)
        made.advance(3)


def test_the_picture_shows_objects_the_box_now_and_those_that_found_one():
    made = experiment(WINDOWS)
    made.advance(20)
    picture = made.pictures()[0]
    assert len(made.pictures()) == 1
    for place, image in enumerate(range(6)):
        own = made.data.targets[image]
        own = own[own[:, 0] >= 0][:, 1:5]
        shown = {kind: picture.boxes[(picture.boxes[:, :2] == [place, kind]).all(axis=1)][:, 2:] for kind in range(3)}
        np.testing.assert_array_equal(shown[OBJECT], own)
        np.testing.assert_array_equal(shown[NOW], made.boxes[image][19:20])
        overlaps = intersection_over_union(own, made.boxes[image][:20])
        found = (overlaps >= 0.5).any(axis=1)
        first = (overlaps[found] >= 0.5).argmax(axis=1)
        np.testing.assert_array_equal(shown[FOUND], made.boxes[image][first])
        assert picture.captions[place] == f"{found.sum()} of {len(own)}, 20 boxes"


def test_regions_are_painted_in_their_mean_colour_and_become_fewer():
    made = experiment(SEARCH)
    made.advance(2)
    picture = made.pictures()[1]
    for place, image in enumerate(range(6)):
        grouping = made.proposer.searcher.grouping(made.images[image], 100.0)
        regions = grouping.after(2)
        assert grouping.segments > 3
        assert picture.captions[place] == f"{grouping.segments - 2} regions"
        for number in np.unique(regions):
            mean = made.images[image][regions == number].mean(axis=0)
            np.testing.assert_allclose(
                picture.images[place][regions == number], np.tile(mean, ((regions == number).sum(), 1)), atol=1e-5
            )
    made.advance(400)
    picture = made.pictures()[1]
    for place in range(6):
        grouping = made.proposer.searcher.grouping(made.images[place], 100.0)
        objects = len(made.objects[place])
        regions = grouping.after(max(0, grouping.segments - 1 - objects))
        assert picture.captions[place].split()[0] == str(min(objects + 1, grouping.segments))
        assert len(np.unique(picture.images[place].reshape(-1, 3), axis=0)) <= len(np.unique(regions))


def test_it_goes_on_from_a_state():
    require_same_after_restoring(experiment(WINDOWS))
    with pytest.raises(ValueError, match="another experiment"):
        experiment(WINDOWS).restore({"arena": np.zeros(3)})


def test_grey_images_are_searched_too():
    made = experiment(SEARCH, {"name": "stick-figures", "points": 10, "size": 24}, [], ["objects_found"])
    made.advance(400)
    assert 0 < made.measure()["objects_found"] <= 1


def test_multiply_adds_need_a_classifier():
    with pytest.raises(InvalidValue, match="give its layers as `model`"):
        build(SEARCH, model=[])
    with pytest.raises(InvalidValue, match="no window fits into images of 32 × 32 pixels") as refused:
        build({"windows": {"sizes": [50]}})
    assert refused.value.path == ("options", "proposals", "windows", "sizes")
