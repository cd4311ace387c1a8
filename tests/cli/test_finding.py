"""Finding things: tables of `query`, entries since an export, the file that somebody holds."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
JSON = ("--format", "json")
DEMO = Path(__file__).parents[2] / "fixtures" / "demo"


def test_query_without_a_statement_lists_its_tables_and_their_columns(
    busy: Path, duebook: Duebook
) -> None:
    """Every column that is listed can be asked for, and there are no others."""
    listed = duebook("query", *JSON).json
    assert {"stores", "lines", "payments", "orders", "breaks"} <= {one["table"] for one in listed}
    for one in listed:
        row = duebook("query", f'select * from "{one["table"]}" limit 1', *JSON).json
        assert not row or list(row[0]) == one["columns"], one["table"]
        named = ", ".join(f'"{name}"' for name in one["columns"])
        assert duebook("query", f'select {named} from "{one["table"]}" limit 1').code == 0
    assert "amount_minor, amount, " in duebook("query").out


def test_entries_that_are_new_since_the_last_export_can_be_had_alone(
    busy: Path, duebook: Duebook
) -> None:
    """The position to name the next time is told; both together are all."""
    told = duebook("journal", "-o", "all.journal").err
    (position,) = re.findall(r"--after (\d+)", told)
    pay = ("--amount", "1.00", "--currency", "CNY", "--ref", "r-2", "--by", "lin")
    assert duebook("pay", "P-01", *pay).code == 0
    new = duebook("journal", "--after", position, *JSON).json
    assert [(one["account"], one["amount"]) for one in new] == [
        ("Assets:Cash", "-1.00"),
        ("Liabilities:Payable:partner:P-01", "1.00"),
    ]
    before = duebook("journal", *JSON, "--known-at", position).json
    assert before + new == duebook("journal", *JSON).json
    assert duebook("journal", "--after", "0", *JSON).json == before + new


def test_a_file_that_somebody_holds_is_found_in_the_log_by_its_content(
    busy: Path, duebook: Duebook
) -> None:
    """Whatever it is called, where, when and by whom it was recorded or compared with."""
    shutil.copy(DEMO / "orders-2020-05.csv", "may.csv")
    files = ("--file", "may.csv", "--file", DEMO / "platform-2026q1.csv")
    ran = duebook("verify", *files, *JSON)
    checks = {one["name"]: one for one in ran.json["checks"]}
    assert (ran.code, ran.json["ok"]) == (0, True)
    assert re.fullmatch(
        r"recorded at position \d+ by lin, as orders-2020-05.csv, [\d,]+ rows",
        checks["file may.csv"]["detail"],
    )
    assert "compared with at position" in checks["file platform-2026q1.csv"]["detail"]


def test_a_file_with_another_content_is_not_found(busy: Path, duebook: Duebook) -> None:
    """One byte more: the log holds, the file is none that it was given; its name is."""
    text = (DEMO / "after-close.ndjson").read_text(encoding="utf-8")
    Path("after-close.ndjson").write_text(f"{text} ", encoding="utf-8")
    ran = duebook("verify", "--file", "after-close.ndjson")
    assert ran.code == 1
    assert "with other content: recorded at position " in ran.out
    assert "The log holds; it was not given after-close.ndjson as it is here." in ran.err
    assert duebook("status", *JSON).json["verified"]["ok"]
    assert duebook("verify", "--file", "none.csv").code == 1


@pytest.mark.parametrize(("condition", "blank"), [("reason = ''", True), ("reason != ''", False)])
def test_blank_cells_are_found(
    condition: str, blank: bool, demo: Path, duebook: Callable[..., Any]
) -> None:
    """Two quotes stand for a blank cell, whatever the column holds."""
    whole = duebook("report", "stores", "--format", "json").json
    rows = duebook("report", "stores", "--where", condition, "--format", "json").json
    wanted = [row["store"] for row in whole if (not row["reason"]) is blank]
    assert [row["store"] for row in rows] == wanted
    assert 0 < len(wanted) < len(whole)
