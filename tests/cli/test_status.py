"""`status`: one screen of what is open to close, held, odd, overdue, unpaid, broken, verified."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.roles import Roles

Duebook = Callable[..., Any]
JSON = ("--format", "json")
QUARTER = "recruiting-eu-jp-2026q1"
KEYS = {
    *("book", "entity", "as_of", "known_at", "head", "to_close", "held", "exceptions", "overdue"),
    *("payments_due", "breaks", "verified", "receipts", "parked"),
}


def test_periods_open_to_close_have_what_they_come_to(busy: Path, duebook: Duebook) -> None:
    """Every one that has lines, as it is settled now; closed ones are none, months to come
    neither."""
    answer = duebook("status", *JSON).json
    assert set(answer) == KEYS
    open_ = {(one["program"], one["period"]): one for one in answer["to_close"]}
    assert (QUARTER, None) not in open_
    assert ("technical-fee-2020", "2020-05") not in open_
    settled = duebook("settle", "growth-2026-05", *JSON).json
    growth = open_["growth-2026-05", None]
    assert growth["totals"] == settled["totals"]
    assert growth["lines"] == len(settled["lines"])
    assert (growth["from"], growth["to"], growth["provisional"]) == (
        *("2026-05-01", "2026-07-31"),
        False,
    )
    march = open_["partner-admission-2022", "2026-03"]
    assert (march["outcomes"], march["totals"]) == ({"declined": 2, "granted": 2, "held": 1}, {})
    then = duebook("status", "--as-of", "2026-06-30", *JSON).json["to_close"]
    assert {one["provisional"] for one in then if one["program"] == "growth-2026-05"} == {True}


def test_held_lines_are_counted_by_their_reason(busy: Path, duebook: Duebook) -> None:
    """As many as `settle` holds, month by month."""
    held = duebook("status", *JSON).json["held"]
    counts = {(one["program"], one["code"]): one["lines"] for one in held}
    rows = duebook("settle", "deposit-2020", "--from", "2020-03", "--format", "ndjson").lines
    for code in ("requirement_unset", "return_after_unset"):
        assert counts["deposit-2020", code] == sum(code in row["held_for"] for row in rows)


def test_what_is_odd_overdue_unpaid_and_broken_is_what_the_reports_say(
    busy: Path, duebook: Duebook
) -> None:
    """Summed by code and by period."""
    answer = duebook("status", *JSON).json
    odd = duebook("report", "exceptions", *JSON).json
    assert sum(one["count"] for one in answer["exceptions"]) == len(odd)
    assert [one["obligation"] for one in answer["overdue"]] == [
        "growth-2026-05/M-401/creator_video"
    ]
    quarter, fees = answer["payments_due"]
    assert (quarter["period"], quarter["open"], quarter["statements"]) == (QUARTER, "38400.00", 5)
    assert (fees["period"], fees["open"]) == ("technical-fee-2020/2020-05", "-3484.17")
    (breaks,) = answer["breaks"]
    found = duebook("report", "reconciliation", "--where", "state=open", *JSON).json
    assert (breaks["program"], breaks["breaks"]) == (QUARTER, len(found))


def test_a_statement_that_was_paid_is_due_no_more(busy: Path, duebook: Duebook) -> None:
    """Four others are left."""
    pay = ("--amount", "6000", "--currency", "CNY", "--ref", "r-2", "--by", "lin")
    assert duebook("pay", "P-01", *pay).code == 0
    quarter = duebook("status", *JSON).json["payments_due"][0]
    assert (quarter["statements"], quarter["open"]) == (4, "32400.00")


def test_the_table_fits_on_one_screen(busy: Path, duebook: Duebook) -> None:
    """Months of a program together, of codes the most frequent; what to type next below it."""
    ran = duebook("status")
    rows = ran.out.splitlines()
    assert len(rows) < 40
    assert sum(row.startswith("to close ") and " deposit-2020 " in row for row in rows) == 1
    assert any("2020-03 to 20" in row and "months: " in row for row in rows)
    assert any(row.startswith("exceptions") and "others" in row for row in rows)
    assert "duebook report exceptions" in ran.err
    assert "Not verified here yet: duebook verify." in ran.err


def test_what_has_changed_since_a_position_is_counted_and_worked_out(
    busy: Path, duebook: Duebook
) -> None:
    """Recorded since by type; lines of open periods that say something else; a day is meant by its
    end."""
    log = duebook("log", "--format", "ndjson").lines
    last = log[-1]["position"]
    close = max(one["position"] for one in log if one["type"] == "PeriodClosed")
    since = duebook("status", "--since", str(close), *JSON).json["since"]
    assert since["position"] == close
    assert sum(since["recorded"].values()) == last - close
    assert since["recorded"]["PaymentMade"] == 1
    (growth,) = (one for one in since["moves"] if one["program"] == "growth-2026-05")
    assert (growth["lines"], growth["difference"]) == (1, {"USD.AD": "1200.00"})
    assert "lines moved since" in duebook("status", "--since", str(close)).out
    today = duebook("status", "--since", "today", *JSON).json["since"]
    assert today == {"position": last, "recorded": {}, "moves": []}
    assert duebook("status", "--since", "99999").code == 2


def test_the_last_verify_is_told_with_what_came_after_it(busy: Path, duebook: Duebook) -> None:
    """When, where, what came of it; the file beside the book is a hint, and may be lost."""
    assert duebook("status", *JSON).json["verified"] is None
    head = duebook("verify", *JSON).json
    kept = duebook("status", *JSON).json["verified"]
    assert (kept["position"], kept["head"], kept["ok"], kept["unchanged"]) == (
        *(head["events"], head["head"], True),
        True,
    )
    pay = ("--amount", "1", "--currency", "CNY", "--ref", "r-2", "--by", "lin")
    duebook("pay", "P-01", *pay)
    assert "everything held; 1 event since." in duebook("status").err
    Path(f"{busy}.verified").write_text("{", encoding="utf-8")
    assert duebook("status", *JSON).json["verified"] is None


def test_a_log_that_is_not_the_same_any_more_is_noticed(busy: Path, duebook: Duebook) -> None:
    """Its hash at the position that was verified; and a verify that found something is told."""
    duebook("verify")
    with sqlite3.connect(busy) as connection:
        for name in ("update", "delete", "replace"):
            connection.execute(f"DROP TRIGGER events_refuse_{name}")
        last = "(SELECT max(position) FROM events)"
        connection.execute(f"UPDATE events SET hash = zeroblob(32) WHERE position = {last}")
    assert "the log is no longer the same there" in duebook("status").err
    assert duebook("verify").code == 5
    assert "not everything held" in duebook("status").err


def test_a_book_that_may_only_be_read_is_shown_and_verified(busy: Path, duebook: Duebook) -> None:
    """What came of the verify cannot be kept, and that is said."""
    before = duebook("status", *JSON).json["to_close"]
    busy.chmod(0o444)
    assert duebook("status", *JSON).json["to_close"] == before
    assert duebook("verify").code == 0


@pytest.mark.parametrize("login", ["reviewer", "clerk", "keeper"])
def test_every_role_is_shown_how_the_book_stands(
    closed_once: Roles, duebook: Duebook, login: str
) -> None:
    """On a server; who may not keep what came of a verify is told so."""
    mine = duebook("status", *JSON, "--book", closed_once.of(login))
    assert mine.code == 0, mine.err
    assert mine.json["payments_due"]
    ran = duebook("verify", "--book", closed_once.of(login))
    assert ran.code == 0
    assert ("is not kept" in ran.err) == (login != "keeper")
    if login == "keeper":
        assert duebook("status", *JSON, "--book", closed_once.of(login)).json["verified"]["ok"]


def test_a_new_book_has_nothing_to_show(empty: Path, duebook: Duebook) -> None:
    """And says so, with exit 0."""
    ran = duebook("status")
    assert (ran.code, ran.out) == (0, "")
    assert "No rows." in ran.err
