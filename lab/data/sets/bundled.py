"""`digits`, `iris`, `wine`, `breast-cancer`, `diabetes`: real data from the files that come with scikit-learn.

They are read without importing scikit-learn, which takes longer than most trainings here.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
from pathlib import Path

import numpy as np

from lab.data.data import Data
from lab.data.options import WithClasses, WithValues
from lab.data.registry import dataset
from lab.errors import BadInput


class Digits(WithClasses):
    """1,797 handwritten digits as images of 8×8 pixels, each from 0 to 1 (Alpaydin and Kaynak, UCI, 1998)."""


class Iris(WithClasses):
    """150 irises of three species, by the length and width of sepals and petals in cm (Fisher, 1936)."""


class Wine(WithClasses):
    """178 wines of three cultivars, by 13 chemical measurements on very different scales (Aeberhard, UCI, 1991)."""


class BreastCancer(WithClasses):
    """569 tumours, malignant or benign, by 30 measurements of cell nuclei on very different scales (Wolberg, 1995)."""


class Diabetes(WithValues):
    """442 patients by 10 measurements; the target is the progress of the disease after a year (Efron et al., 2004)."""


@functools.cache
def _table(name: str) -> np.ndarray:
    """The numbers of a bundled file, float64 [rows, columns]; a first line that tells the sizes is left out."""
    package = importlib.util.find_spec("sklearn")
    places = list(package.submodule_search_locations or []) if package else []
    path = next((Path(place, "datasets", "data", name) for place in places), None)
    if path is None or not path.is_file():
        raise BadInput(f"The bundled data file {name} is missing: install scikit-learn again.")
    content = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    lines = content.decode().replace(",", " ").splitlines()
    sizes = 1 if name in ("iris.csv", "wine_data.csv", "breast_cancer.csv") else 0
    return np.loadtxt(lines[sizes:], ndmin=2)


@dataset("digits", Digits)
def digits(options: Digits, random: np.random.Generator) -> Data:
    """Images [1797, 8, 8, 1], whose 16 levels of grey become 0…1."""
    table = _table("digits.csv.gz")
    return Data(
        inputs=table[:, :64].reshape(-1, 8, 8, 1) / 16,
        targets=table[:, 64],
        kind="classes",
        classes=tuple(str(digit) for digit in range(10)),
    )


@dataset("iris", Iris)
def iris(options: Iris, random: np.random.Generator) -> Data:
    """Inputs [150, 4] in cm."""
    table = _table("iris.csv")
    return Data(
        inputs=table[:, :-1],
        targets=table[:, -1],
        kind="classes",
        classes=("setosa", "versicolor", "virginica"),
        features=("sepal length", "sepal width", "petal length", "petal width"),
    )


@dataset("wine", Wine)
def wine(options: Wine, random: np.random.Generator) -> Data:
    """Inputs [178, 13] as measured."""
    table = _table("wine_data.csv")
    return Data(
        inputs=table[:, :-1],
        targets=table[:, -1],
        kind="classes",
        classes=("cultivar 1", "cultivar 2", "cultivar 3"),
        features=(
            "alcohol",
            "malic acid",
            "ash",
            "alcalinity of ash",
            "magnesium",
            "total phenols",
            "flavanoids",
            "nonflavanoid phenols",
            "proanthocyanins",
            "colour intensity",
            "hue",
            "dilution",
            "proline",
        ),
    )


NUCLEUS = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)


@dataset("breast-cancer", BreastCancer)
def breast_cancer(options: BreastCancer, random: np.random.Generator) -> Data:
    """Inputs [569, 30]: mean, standard error and worst of ten measurements."""
    table = _table("breast_cancer.csv")
    return Data(
        inputs=table[:, :-1],
        targets=table[:, -1],
        kind="classes",
        classes=("malignant", "benign"),
        features=tuple(f"{which} {name}" for which in ("mean", "error of", "worst") for name in NUCLEUS),
    )


@dataset("diabetes", Diabetes)
def diabetes(options: Diabetes, random: np.random.Generator) -> Data:
    """Inputs [442, 10] as measured, targets [442, 1] from 25 to 346."""
    return Data(
        inputs=_table("diabetes_data_raw.csv.gz"),
        targets=_table("diabetes_target.csv.gz"),
        kind="values",
        features=(
            "age",
            "sex",
            "body mass index",
            "blood pressure",
            "total cholesterol",
            "low-density lipoproteins",
            "high-density lipoproteins",
            "cholesterol ratio",
            "log triglycerides",
            "blood sugar",
        ),
    )
