"""The published architectures against an independent count of each, which agrees with the figures of their papers."""

from __future__ import annotations

import pytest

from lab.errors import BadInput
from lab.scenario.published import FOLDER, names
from lab.tasks.published import counted, input_shape

# name, parameters, multiply-adds, numbers written by convolutions and dense layers, those with input and pools, layers
# with weights, receptive field
EXPECTED = """
    lenet5-1998             60000      325680      6508      9108    4    32
    lenet5                  61706      416520      6518      9118    5    16
    alexnet              60965224   724406816    659272    936323    8   195
    vgg11               132863336  7609090048   7435240   9116136   11   150
    vgg13               133047848 11308466176  12252136  13933032   13   156
    vgg16               138357544 15470264320  13556712  15237608   16   212
    vgg19               143667240 19632062464  14861288  16542184   19   268
    googlenet             6998552  1582671872   3227160   4795160   22   715
    googlenet-heads      13378280  1591044096   3235304   4803304   22   715
    resnet18             11689512  1814073344   2484712   2835944   18   435
    resnet34             21797672  3663761408   3739112   4090344   34   899
    resnet50             25557032  4089184256  11114984  11466216   50   427
    resnet101            44549160  7801405440  16232936  16584168  101   971
    resnet152            60192808 11513626624  22555112  22906344  152  1451
    resnext50            25028904  4230479872  14401512  14752744   50   427
    wide-resnet50-2      68883240 11398021120  14401512  14752744   50   427
    nin                   7595176  1100188800   1704096   1981696   12   195
    nin-cifar10            966986   222486528    631424    671360    9    27
    resnet20-cifar10       269722    40551040    188426    191498   20    81
    resnet32-cifar10       464154    68862592    303114    306186   32   137
    resnet44-cifar10       658586    97174144    417802    420874   44   193
    resnet56-cifar10       853018   125485696    532490    535562   56   249
    resnet110-cifar10     1727962   252887680   1048586   1051658  110   501
    preact-resnet164      1703258   244500992   3227658   3230730  164   255
    wrn-28-10            36479194  5243328768   2596874   2599946   26   109
    wrn-16-8             10961370  1548145664   1163274   1166346   14    53
    wrn-40-4              8949210  1298582016   1507338   1510410   38   165
    densenet121           7978856  2834161664   6900200   7427048  121  2071
    squeezenet1.0         1248424   818924576   4346248   5049864   18   155
    squeezenet1.1         1235496   349151936   2589352   3070056   18   207
    fractalnet20         33724618   845222912    874506    908810   21   280
"""
ROWS = {row.split()[0]: tuple(map(int, row.split()[1:])) for row in EXPECTED.strip().splitlines()}
POOLS_OF_HEADS = 4 * 4 * (512 + 528)
"""Of GoogLeNet with heads: the independent count leaves them out, which counts all other pools."""


def test_every_architecture_is_expected():
    assert set(names()) == set(ROWS)
    assert len(ROWS) == len(list(FOLDER.iterdir()))


@pytest.mark.parametrize("name", ROWS)
def test_the_count_is_exact(name):
    _, counts = counted(name)
    parameters, multiply_adds, written, activations, depth, reach = ROWS[name]
    assert counts.parameters == parameters
    assert counts.multiply_adds == multiply_adds
    assert counts.written == written
    assert counts.activations == activations + (POOLS_OF_HEADS if name == "googlenet-heads" else 0)
    assert counts.depth == depth
    assert counts.reach == reach


@pytest.mark.parametrize("name", ROWS)
def test_whole_numbers_that_were_published_are_met(name):
    found, counts = counted(name)
    for figure in found.published:
        if figure.text.isdigit():
            assert figure.verdict(getattr(counts, figure.quantity)) == "equal"


def test_lenet_on_unpadded_images():
    _, counts = counted("lenet5", (28, 28, 1))
    assert (counts.parameters, counts.multiply_adds, counts.written, counts.activations) == (44426, 281640, 4694, 6598)


def test_an_image_that_is_too_small_is_refused_with_the_layer():
    with pytest.raises(BadInput, match=r"alexnet\.yaml:\d+:\d+: .*max_pool"):
        counted("alexnet", (16, 16, 3))


@pytest.mark.parametrize("text", ["", "224x224", "0x3x3", "axbxc", "100001x3x3", "999999x3x3", "3x-3x3"])
def test_what_is_no_input_is_refused(text):
    with pytest.raises(BadInput):
        input_shape(text)


def test_inputs_may_be_as_small_and_as_large_as_is_said():
    assert input_shape("1x100000x3") == (1, 100_000, 3)
    assert input_shape("7") == (7,)


def test_figures_say_how_a_count_stands_to_them():
    from lab.scenario.published import Figure

    assert Figure(parameters=100, source="x").verdict(100) == "equal"
    assert Figure(parameters=100, source="x").verdict(110) == "differs by +10.0 %"
    assert Figure(multiply_adds="1.58 G", source="x").verdict(1_582_671_872) == "equal to the digits printed"
    assert Figure(multiply_adds="1.50 G", source="x").verdict(1_582_671_872) == "differs by +5.5 %"
