"""Files as they come: line ends of every kind, columns without a name, times and zeros."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
JSON = ("--format", "json")
HEADER = "order_id,store,created_at,amount,currency,traffic,channel,payment,category"
ROWS = [f"o{n},S-1,2020-05-07 10:30:00+08,10.0000,CNY,ad,other,online,x" for n in range(3)]


@pytest.mark.parametrize(
    "ends", ["\r\n \n \n \r\n", "\n \r\n \r\n \n", "\r \r \r \r", "\n \r \n \r"]
)
def test_orders_and_a_platform_s_file_are_read_whatever_their_lines_end_in(
    empty: Path, duebook: Duebook, ends: str
) -> None:
    """All rows, the same orders; a bad row is named by its line."""
    lines = [HEADER, *ROWS]
    text = "".join(line + end for line, end in zip(lines, ends.split(" "), strict=True))
    Path("orders.csv").write_bytes(text.encode())
    assert duebook("orders", "orders.csv", *JSON).json["recorded"] == 3
    bad = text.replace("o1,S-1", "o1,")
    Path("bad.csv").write_bytes(bad.encode())
    (rejected,) = duebook("orders", "bad.csv", *JSON).json["rejected"]
    assert (rejected["row"], rejected["code"]) == (3, "missing_field")


@pytest.mark.parametrize("ends", ["\r", "\r\n", "\n"])
def test_facts_are_read_whatever_their_lines_end_in(
    empty: Path, duebook: Duebook, ends: str
) -> None:
    """CSV and NDJSON; carriage returns alone are what old programs of the Mac write."""
    csv = ["type,at,partner,", *(f"PartnerCertified,2026-01-01 09:00+08,P-{n}," for n in range(3))]
    Path("a.csv").write_bytes((ends.join(csv) + ends).encode())
    fact = '{"type": "PartnerCertified", "at": "2026-01-02T09:00:00+0800", "partner": "Q-%d"}'
    Path("b.ndjson").write_bytes((ends.join(fact % n for n in range(3)) + ends).encode())
    assert duebook("record", "a.csv", "b.ndjson", *JSON).json["recorded"] == 6


def test_columns_without_a_name_are_passed_over_and_that_is_said(
    empty: Path, duebook: Duebook
) -> None:
    """A comma at the end of every line, the row numbers of pandas; in Parquet too."""
    import duckdb

    lines = [f",{HEADER},", *(f"{n},{row}," for n, row in enumerate(ROWS))]
    Path("index.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ran = duebook("orders", "index.csv")
    assert ran.code == 0
    assert "index.csv: 2 columns without a name left out." in ran.err
    Path("plain.csv").write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    plain = "SELECT *, 1 AS __index_level_0__ FROM read_csv('plain.csv', all_varchar = true)"
    duckdb.sql(f"COPY ({plain}) TO 'o.parquet'")
    told = duebook("orders", "o.parquet", *JSON).json
    assert (told["known"], told["nameless_columns"]) == (3, {"o.parquet": 1})


def test_what_is_passed_over_or_only_checked_is_said(empty: Path, duebook: Duebook) -> None:
    """A column without a name, by the commands that record and by the one that compares; and rows
    that sum others."""
    Path("a.csv").write_text("type,at,partner,\nPartnerCertified,2026-01-01T09:00Z,P-1,\n")
    ran = duebook("record", "a.csv")
    assert ran.code == 0
    assert "a.csv: 1 column without a name left out." in ran.err
    Path("p.csv").write_text(
        "store,amount,currency,\nS-1,1.00,CNY,\nS-2,2.00,CNY,\nTotal,3.00,CNY,\n"
    )
    Path("p.tsv").write_text(Path("p.csv").read_text().replace(",", "\t"))
    for name in ("p.csv", "p.tsv"):
        ran = duebook("reconcile", "recruiting-eu-jp-2026q1", "--against", name)
        assert f"{name}: 1 column without a name left out." in ran.err
        assert "1 row that sums others was checked, not compared." in ran.err
        data = duebook("reconcile", "recruiting-eu-jp-2026q1", "--against", name, *JSON).json
        assert (data["rows"], data["nameless_columns"], data["totals"]) == (2, 1, 1)
