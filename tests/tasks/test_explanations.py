"""Which pixels an answer comes from: each map, score and picture against what is worked out here in another way."""

from __future__ import annotations

import numpy as np
import pytest

import lab.data
from lab.errors import InvalidValue
from lab.tasks import task_of
from lab.tasks.training import attributions
from lab.tasks.training.attributions import METHODS
from lab.tasks.training.explanations import shuffled_weights
from tests.tasks.test_figures_are_true import put
from tests.tasks.test_training import experiment, scenario

SHAPES = {"name": "shapes", "points": 120, "size": 16, "answer": "colour", "validation": 0.4, "standardise": True}
DIGITS = {"name": "digits", "examples": 60, "validation": 0.3}
LINEAR = ["flatten", {"dense": "classes"}]
CONV = [
    {"conv": 4, "kernel_size": 3}, "batch_norm", "relu", {"max_pool": 2}, {"conv": 5, "kernel_size": 3}, "tanh",
    {"average_pool": 2}, "flatten", {"dense": 7}, {"leaky_relu": 0.2}, {"dense": "classes"},
]  # fmt: skip


def trained(model, data=SHAPES, steps=0, watch=("loss",), **options):
    net = experiment(
        model=model, data=data, options=options, watch=list(watch), optimizer={"rate": 0.02},
        train={"batch": 20, "steps": 20},
    )  # fmt: skip
    net.advance(steps)
    return net


def asked(model, data=SHAPES, steps=0, **options):
    """What is known of a network's answers, and its weights."""
    net = trained(model, data, steps, **options)
    return net, net.inspection.explanations


def weights_of_answers(net, known):
    """Of a linear network: the weights of the answer to each image, [n, height, width, channels]."""
    weight = net.weights()["dense1.weight"].astype(np.float64)
    return np.moveaxis(weight[:, known.answers()], 1, 0).reshape(known.sample.numbers.shape)


def middle(net):
    return net.inspection.evaluation_sample.numbers.mean(axis=(0, 1, 2), dtype=np.float64)


def test_answers_are_those_of_the_network_on_images_that_are_held_back():
    net, known = asked(LINEAR, steps=5)
    assert known.sample.count == 48
    held = {each.tobytes() for each in net.split.validation.numbers}
    assert {each.tobytes() for each in known.sample.numbers} == held
    w = {name: value.astype(np.float64) for name, value in net.weights().items()}
    scores = known.sample.numbers.reshape(48, -1) @ w["dense1.weight"] + w["dense1.bias"]
    np.testing.assert_array_equal(known.answers(), scores.argmax(axis=1))
    known.attributions.load(net.weights(), net.inspection.settings())
    np.testing.assert_allclose(known.attributions.scores(known.sample.numbers), scores, atol=1e-4)


def test_the_saliency_of_a_linear_network_is_its_weights():
    net, known = asked(LINEAR, steps=5)
    expected = np.abs(weights_of_answers(net, known)).max(axis=3)
    np.testing.assert_allclose(known.maps("saliency"), expected, atol=1e-6)
    np.testing.assert_allclose(known.maps("guided_backprop"), expected, atol=1e-6)  # there is nothing to guide
    same = known.sameness("saliency")
    assert np.isfinite(same).sum() > 40
    np.testing.assert_allclose(same[np.isfinite(same)], 1, atol=1e-5)
    assert (known.sameness("image_alone") < 0.9).all()


def test_gradient_times_input_and_the_image_alone_are_distances_from_the_mean():
    net, known = asked(LINEAR, steps=5)
    apart = known.sample.numbers - middle(net)
    expected = np.abs((weights_of_answers(net, known) * apart).sum(axis=3))
    np.testing.assert_allclose(known.maps("gradient_times_input"), expected, atol=1e-5)
    np.testing.assert_allclose(known.maps("image_alone"), np.abs(apart).sum(axis=3), atol=1e-5)


@pytest.mark.parametrize("model", [CONV, [{"dense": 9}, "elu", {"maxout": 4}, {"dense": "classes"}]])
def test_saliency_is_the_slope_of_the_score(model):
    model = model if model is CONV else ["flatten", *model]
    net, known = asked(model, steps=5)
    images, answers = known.sample.numbers[:3].astype(np.float64), known.answers()[:3]
    known.attributions.load(net.weights(), net.inspection.settings())
    found = known.attributions.gradient(images, answers)
    for row, column, channel in ((3, 4, 0), (8, 8, 1), (12, 2, 2), (7, 13, 1)):
        up, down = images.copy(), images.copy()
        up[:, row, column, channel] += 0.01
        down[:, row, column, channel] -= 0.01
        slope = (known.attributions.scores(up) - known.attributions.scores(down))[np.arange(3), answers] / 0.02
        np.testing.assert_allclose(found[:, row, column, channel], slope, atol=2e-3 * np.abs(found).max())


def test_guided_backprop_passes_each_relu_only_what_is_positive():
    """The way back, written out: through ReLU, and through leaky ReLU with its own slope."""
    model = ["flatten", {"dense": 20}, "relu", {"dense": 12}, {"leaky_relu": 0.3}, {"dense": "classes"}]
    net, known = asked(model, DIGITS, steps=10)
    w = {name: value.astype(np.float64) for name, value in net.weights().items()}
    x = known.sample.numbers.reshape(known.sample.count, -1).astype(np.float64)
    first = x @ w["dense1.weight"] + w["dense1.bias"]
    second = np.maximum(first, 0) @ w["dense2.weight"] + w["dense2.bias"]
    back = w["dense3.weight"][:, known.answers()].T
    back = np.maximum(back, 0) * np.where(second > 0, 1, 0.3)
    back = np.maximum(back @ w["dense2.weight"].T, 0) * (first > 0)
    expected = np.abs(back @ w["dense1.weight"].T).reshape(-1, 8, 8)
    np.testing.assert_allclose(known.maps("guided_backprop"), expected, atol=1e-5)
    assert not np.allclose(known.maps("saliency"), expected, atol=1e-2)


def test_occlusion_of_a_linear_network_is_what_stands_under_the_squares():
    net, known = asked(LINEAR, steps=5, occlusion_patch=4)
    part = weights_of_answers(net, known) * (known.sample.numbers - middle(net))
    part = part.sum(axis=3)
    total, covering = np.zeros(part.shape), np.zeros(part.shape[1:])
    for top in range(0, 13, 2):
        for left in range(0, 13, 2):
            here = slice(top, top + 4), slice(left, left + 4)
            total[:, *here] += part[:, *here].sum(axis=(1, 2))[:, None, None]
            covering[here] += 1
    assert covering.min() > 0
    np.testing.assert_allclose(known.maps("occlusion"), np.maximum(total / covering, 0), atol=1e-4)


def test_squares_cover_every_pixel_whatever_their_size():
    for patch in (1, 3, 5, 7, 16, 99):
        net, known = asked(LINEAR, occlusion_patch=patch)
        size = known.attributions.patch
        assert size == min(patch, 16)
        seen = np.zeros((16, 16), bool)
        for top, left in known.attributions.squares():
            assert max(top, left) + size <= 16
            seen[top : top + size, left : left + size] = True
        assert seen.all()
    net, known = asked(LINEAR)
    assert known.attributions.patch == 4  # a quarter
    assert net.inspection.explanations is known


def test_occlusion_flips_are_counted_where_one_pixel_decides():
    """Class 5 where the red of one pixel is above the mean, else class 0: only a square on that pixel takes it away."""
    net, known = asked(LINEAR, occlusion_patch=4)
    weight = np.zeros((16, 16, 3, 6))
    weight[5, 6, 0, 5] = 1
    bias = np.zeros(6)
    bias[5] = -middle(net)[0] - 1e-3
    put(net, dense1_weight=weight.reshape(-1, 6), dense1_bias=bias)
    above = known.sample.numbers[:, 5, 6, 0] > middle(net)[0] + 1e-3
    assert 0 < above.sum() < 48
    np.testing.assert_array_equal(known.answers(), np.where(above, 5, 0))
    np.testing.assert_array_equal(known.flips(), above)


def one_pixel(net, row, column):
    """A linear network that looks at one pixel of the image alone."""
    weight = np.zeros((16, 16, 3, 6))
    weight[row, column, 1] = np.arange(1, 7)
    put(net, dense1_weight=weight.reshape(-1, 6), dense1_bias=np.zeros(6))


def test_maps_are_scored_against_the_pixels_of_the_object():
    net, known = asked(LINEAR)
    masks = known.masks
    assert masks.shape == (48, 16, 16)
    row, column = np.unravel_index(masks.sum(axis=0).argmax(), (16, 16))
    one_pixel(net, row, column)
    on_it = masks[:, row, column]
    assert 0 < on_it.sum() < 48
    np.testing.assert_allclose(known.mass_inside("saliency"), on_it)
    np.testing.assert_array_equal(known.peak_inside("saliency"), on_it)
    put(net, dense1_weight=np.zeros((768, 6)))  # a map of zeros has nothing anywhere
    np.testing.assert_allclose(known.mass_inside("saliency"), masks.mean(axis=(1, 2)))


def test_the_overlap_is_of_as_many_pixels_as_the_object_has():
    net = trained(LINEAR, steps=3)
    known = net.inspection.explanations
    maps, masks = known.maps("saliency"), known.masks
    for number in range(5):
        most = np.sort(maps[number].ravel())[-masks[number].sum()]
        chosen = maps[number] >= most
        assert chosen.sum() == masks[number].sum()
        expected = (chosen & masks[number]).sum() / (chosen | masks[number]).sum()
        assert known.overlap("saliency")[number] == pytest.approx(expected)


def test_masks_are_the_pixels_that_differ_from_the_background():
    """Without noise a picture has one colour beside its background's."""
    parts = lab.data.load(SHAPES | {"noise": 0}, 3)
    for part in (parts.train, parts.validation):
        images = part.inputs.pool[part.inputs.rows]
        assert part.masks.shape == images.shape[:3]
        background = images[:, :1, :1]
        np.testing.assert_array_equal((images != background).any(axis=3), part.masks)
    assert lab.data.load(DIGITS, 0).train.masks is None


def test_shuffled_weights_are_the_same_numbers_in_other_places():
    net = trained(CONV, steps=2)
    weights = net.weights()
    changed = shuffled_weights(weights, ["dense2", "dense1"], seed=0)
    for name, values in weights.items():
        if name.startswith("dense"):
            np.testing.assert_array_equal(np.sort(changed[name].ravel()), np.sort(values.ravel()))
            assert not np.array_equal(changed[name], values)
        else:
            assert changed[name] is values


def test_likeness_under_shuffled_weights_is_a_correlation_from_the_last_layer_on():
    net = trained(CONV, steps=5)
    known = net.inspection.explanations
    assert known.layers == ["dense2", "dense1", "conv2", "batch_norm1", "conv1"]
    np.testing.assert_allclose(known.similarity("saliency", 0), 1)
    other_net, linear = asked(LINEAR, steps=5)
    one, other = linear.maps("saliency"), linear.maps("saliency", 1)
    expected = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(linear.similarity("saliency", 1), expected, atol=1e-6)
    assert linear.shuffled_similarity("saliency") == pytest.approx(np.mean(expected))
    assert other_net.inspection.explanations is linear
    assert known.half_shuffled_similarity("saliency") == pytest.approx(known.similarity("saliency", 3).mean())
    assert not np.array_equal(known.maps("saliency", 3), known.maps("saliency", 5))
    np.testing.assert_array_equal(known.answers(), known.answers())  # still those of the network as it is


def test_maps_are_those_of_the_weights_of_the_moment():
    net, known = asked(LINEAR)
    one_pixel(net, 3, 4)
    assert known.maps("saliency")[0].argmax() == 3 * 16 + 4
    one_pixel(net, 7, 8)
    assert known.maps("saliency")[0].argmax() == 7 * 16 + 8


def test_metrics_are_the_means_of_the_scores():
    watch = [
        "mass_inside", "peak_inside", "overlap", "shuffled_similarity", "half_shuffled_similarity", "map_sameness",
        "object_area", "occlusion_flips",
    ]  # fmt: skip
    net = trained(CONV, steps=3, watch=watch)
    values, known = net.measure(), net.inspection.explanations
    before = net.state()
    assert net.measure() == values
    for method in METHODS:
        assert values[f"mass_inside.{method}"] == pytest.approx(known.mass_inside(method).mean())
        assert values[f"peak_inside.{method}"] == pytest.approx(known.peak_inside(method).mean())
        assert values[f"overlap.{method}"] == pytest.approx(known.overlap(method).mean())
        assert values[f"map_sameness.{method}"] == pytest.approx(np.nanmean(known.sameness(method)))
    assert values["shuffled_similarity.saliency"] == pytest.approx(known.shuffled_similarity("saliency"))
    assert "shuffled_similarity.occlusion" not in values
    assert values["object_area"] == pytest.approx(known.masks.mean())
    assert values["occlusion_flips"] == pytest.approx(known.flips().mean())
    for name, array in net.state().items():  # whoever looks changes nothing
        np.testing.assert_array_equal(array, before[name])


def test_only_the_methods_that_were_asked_for_are_measured():
    net = trained(LINEAR, watch=["mass_inside", "loss"], attribution_methods=["occlusion", "saliency"])
    assert list(net.measure())[-2:] == ["mass_inside.occlusion", "mass_inside.saliency"]


def test_maps_stand_beside_their_images_in_pairs_of_a_class():
    net = trained(LINEAR, steps=5, pictures=["saliency", "guided_backprop", "gradient_times_input", "occlusion"])
    shown, known = net.pictures(), net.inspection.explanations
    assert [each.name for each in shown] == ["saliency", "guided_backprop", "gradient_times_input", "occlusion"]
    rows = known.shown[:6]
    targets = known.sample.targets
    assert all(targets[rows[at]] == targets[rows[at + 1]] for at in (0, 2, 4))
    assert sorted(known.shown) == list(range(48))
    pixels = known.sample.inputs
    for picture in shown:
        assert picture.images.shape == (6, 16, 33, 3)
        np.testing.assert_allclose(picture.images[:, :, :16], pixels.pool[pixels.rows[rows]] / 255, atol=1e-6)
        maps = known.maps(picture.name)[rows]
        expected = maps / maps.max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(picture.images[:, :, 17:, 0], expected, atol=1e-5)
    names = known.sample.classes
    for caption, row in zip(shown[0].captions, rows, strict=True):
        answer, truth = names[known.answers()[row]], names[targets[row]]
        assert caption == (answer if answer == truth else f"{answer},\nis {truth}")


def test_all_methods_side_by_side():
    net = trained(LINEAR, steps=5, pictures=["attributions"])
    (images,) = net.pictures()
    known = net.inspection.explanations
    assert images.captions == (
        "image", "mask", "saliency", "grad × input", "guided", "occlusion", "image alone",
    )  # fmt: skip
    row = known.shown[0]
    np.testing.assert_array_equal(images.images[1, :, :, 2], known.masks[row])
    np.testing.assert_allclose(
        images.images[6, ..., 0], known.maps("image_alone")[row] / known.maps("image_alone")[row].max(), atol=1e-6
    )


def test_the_table_of_scores_has_what_is_measured_and_what_knowing_nothing_scores():
    net = trained(CONV, steps=5, pictures=["explanation_scores"])
    (table,) = net.pictures()
    known = net.inspection.explanations
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["saliency"] == (
        f"{100 * known.mass_inside('saliency').mean():.0f} %", f"{100 * known.peak_inside('saliency').mean():.0f} %",
        f"{100 * known.overlap('saliency').mean():.0f} %", f"{known.shuffled_similarity('saliency'):.2f}",
    )  # fmt: skip
    assert rows["occlusion"][3] == "·"
    area = known.masks.mean(axis=(1, 2))
    assert rows["knows nothing"] == (f"{100 * area.mean():.0f} %",) * 2 + (
        f"{100 * (area / (2 - area)).mean():.0f} %",
        "·",
    )


def test_the_sanity_check_has_a_point_for_each_layer():
    net = trained(CONV, steps=5, pictures=["sanity_check"])
    curves, images = net.pictures()
    known = net.inspection.explanations
    np.testing.assert_array_equal(curves.x, np.arange(6))
    expected = [known.similarity("guided_backprop", count).mean() for count in range(6)]
    np.testing.assert_allclose(curves.lines["guided"], expected, atol=1e-6)
    assert list(curves.lines) == ["saliency", "grad × input", "guided"]
    assert images.captions[:4] == ("image", "saliency,\nas trained", "saliency,\n3 shuffled", "saliency,\n5 shuffled")
    last = known.maps("guided_backprop", 5)[known.shown[0]]
    np.testing.assert_allclose(images.images[-1, ..., 0], last / last.max(), atol=1e-6)


def test_what_is_no_image_has_no_maps_and_without_masks_there_is_nothing_to_score():
    wanted = ["saliency", "attributions", "explanation_scores", "sanity_check"]
    assert experiment(options={"pictures": wanted}).pictures() == []
    digits = trained(LINEAR, DIGITS, watch=["mass_inside", "map_sameness", "loss"], pictures=wanted)
    assert [each.name for each in digits.pictures()] == ["saliency", "attributions", "sanity_check", "sanity_check"]
    assert digits.pictures()[1].captions[:2] == ("image", "saliency")
    assert not any(name.startswith("mass_inside") for name in digits.measure())


def test_a_method_that_there_is_not_is_named():
    chosen = scenario(options={"attribution_methods": ["saliencyy"]})
    with pytest.raises(InvalidValue, match="saliency"):
        task_of(chosen).check(chosen, None)


def test_a_network_without_a_gradient_to_its_images_is_refused_before_it_trains(monkeypatch):
    def none(*arguments, **more):
        raise TypeError("the kernel has no gradient")

    monkeypatch.setattr(attributions, "differentiate", none)
    with pytest.raises(InvalidValue, match="no gradient with respect to its images"):
        trained(LINEAR, pictures=["saliency"])
