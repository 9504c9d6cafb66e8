"""A table as people have them: numbers, a category, dates, yes and no, gaps; and scenarios that read it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

HEADER = "age,city,joined,income,member,outcome,spent"


def lines(count: int, seed: int = 1) -> list[str]:
    """So many rows; what is bought depends on all columns."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        age, city = chance.randint(18, 80), chance.choice(["Basel", "Bern", "Zug"])
        joined = date(2023, 1, 1) + timedelta(days=chance.randint(0, 700))
        income, member = round(chance.gauss(5000, 1200), 2), chance.choice(["yes", "no"])
        score = (age - 50) / 15 + 1.5 * (city == "Bern") + (member == "yes") - (income - 5000) / 1500
        outcome = "buys" if score + chance.gauss(0, 0.5) > 0.5 else "leaves"
        known = income if chance.random() > 0.15 else ""
        made.append(f"{age},{city},{joined},{known},{member},{outcome},{300 + 40 * score:.1f}")
    return made


def write(path: Path, rows: list[str], header: str = HEADER) -> Path:
    """A CSV file."""
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def scenario(folder: Path, rows: int = 300, **changes: str) -> Path:
    """A scenario beside its table, 300 rows of it; `changes` replace its lines by their keys."""
    write(folder / "customers.csv", lines(rows))
    content = {
        "title": "Customers",
        "task": "classify",
        "data": "{csv: customers.csv, target: outcome, columns: {spent: skip}, missing: mean, validation: 0.2, "
        "standardise: true}",
        "model": "[{dense: 8}, batch_norm, relu, {dense: classes}]",
        "optimizer": "{name: adam, rate: 0.01}",
        "train": "{batch: 32, steps: 60}",
        "watch": "[loss, accuracy, val_loss, val_accuracy]",
    }
    path = folder / "customers.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in (content | changes).items()))
    return path
