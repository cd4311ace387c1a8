"""`duebook report audit` in every format: amounts by currency, narrowed like other reports."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Duebook = Callable[..., Any]
QUARTER = "recruiting-eu-jp-2026q1"
MONEY = ("report", "audit", "--where", "effect ~ cny", "--columns", "what,about,effect")


def test_amounts_are_an_object_in_json_and_a_text_elsewhere(busy: Path, duebook: Duebook) -> None:
    """In a table with thousands apart; where nothing is known to move, an empty cell."""
    as_json, as_lines = duebook(*MONEY, "--format", "json"), duebook(*MONEY, "--format", "ndjson")
    assert as_json.json == as_lines.lines
    assert [(row["what"], row["effect"]) for row in as_json.json] == [
        ("closed", {"CNY": "60400.00"}),
        ("closed", {"CNY": "-3484.17"}),
        ("adjusted", {"CNY": "-2000.00"}),
        ("paid", {"CNY": "20000.00"}),
    ]
    cells = [
        row["effect"] for row in csv.DictReader(io.StringIO(duebook(*MONEY, "--format", "csv").out))
    ]
    assert cells == ["60400.00 CNY", "'-3484.17 CNY", "'-2000.00 CNY", "20000.00 CNY"]
    assert re.search(rf"closed +{QUARTER} +60,400.00 CNY", duebook(*MONEY).out)
    without = duebook("report", "audit", "--where", "effect=''", "--format", "json").json
    assert {row["what"] for row in without} >= {"recorded", "withdrew", "kept comparison"}
    assert all(row["effect"] == {} for row in without)


def test_the_trail_is_narrowed_and_sorted(busy: Path, duebook: Duebook) -> None:
    """By what, by whom and by what is contained, the newest first."""
    words = ("report", "audit", "--where", "by=lin", "--where", f"about ~ {QUARTER}")
    ran = duebook(*words, "--sort", "-position", "--limit", "3", "--format", "json")
    assert [row["what"] for row in ran.json] == ["kept comparison", "paid", "adjusted"]
    workbook = Path("trail.xlsx")
    assert duebook("report", "audit", "-o", str(workbook)).code == 0
    assert workbook.read_bytes()[:2] == b"PK"
