"""The files that a sequence sends, read back: for the model, and in words for whoever looks."""

import csv
import json
from pathlib import Path

from tests.soak.simulated_rules import Fact
from tests.soak.simulated_steps import Step

Row = dict[str, str]
SAID = ("store", "merchant", "partner", "id", "amount", "country", "reason")
"""Of a fact the fields that the event has under the same name with the same value."""


def facts_in(path: str) -> list[Fact]:
    """The facts of a file, without who reported them, which is no content."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(one).items() if k != "by"} for one in lines]


def rows_in(path: str) -> list[Row]:
    """The order lines of a file."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def in_words(step: Step) -> str:
    """The step for whoever reads what went wrong."""
    said = {key: step[key] for key in step if key not in ("do", "file")}
    words = [step["do"], *(f"{key} {one}" for key, one in said.items())]
    if step["do"] == "record":
        facts = [
            " ".join([one["type"], *(one[name] for name in SAID if name in one)])
            for one in facts_in(step["file"])
        ]
        words.append(f"{Path(step['file']).name}: {'; '.join(facts)}")
    elif step["do"] == "orders":
        shown = ("order_id", "store", "created_at", "amount", "refunded", "updated_at")
        rows = [" ".join(row[name] for name in shown) for row in rows_in(step["file"])]
        words.append(f"{Path(step['file']).name}: {'; '.join(rows)}")
    return " ".join(words)
