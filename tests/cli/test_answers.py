"""The JSON keys that users script against, and the clocks and pages of the answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
AS_OF = ("--as-of", "2026-06-30")
JSON = ("--format", "json")
NODE = {"label", "events", "parts"}
MORE = {"amount", "currency", "met", "required", "observed", "clause", "pending", "code"}


def nodes(tree: dict[str, Any]) -> list[dict[str, Any]]:
    found = [tree]
    for part in tree["parts"]:
        found += nodes(part)
    return found


def head_of(duebook: Duebook) -> int:
    """The position of the last event."""
    return int(duebook("verify", *JSON).json["events"])


def test_settle_has_the_keys_of_the_contract(demo: Path, duebook: Duebook) -> None:
    """Lines sorted, totals of payable ones, amounts as decimal strings."""
    answer = duebook("settle", PROGRAM, *AS_OF, *JSON).json
    assert {
        *("program", "period", "terms", "rules_version", "as_of", "known_at", "provisional"),
        *("assumptions", "totals", "lines"),
    } <= set(answer)
    assert answer["period"] == {"from": "2026-01-01", "to": "2026-03-31"}
    assert sorted(answer["terms"]) == ["digest", "publisher", "version"]
    assert (answer["as_of"], answer["known_at"]) == ("2026-06-30T16:00:00Z", head_of(duebook))
    assert (answer["provisional"], answer["totals"]) == (False, {"CNY": "54000.00"})
    assert {frozenset(one) for one in answer["assumptions"]} == {
        frozenset({"parameter", "because"})
    }
    lines = answer["lines"]
    assert [one["line"] for one in lines] == sorted(one["line"] for one in lines)
    for line in lines:
        assert set(line) == {
            *("line", "kind", "payer", "payee", "subject", "outcome", "amount", "currency"),
            *("unmet", "held_for", "explanation"),
        }
        assert line["amount"] == ("2000.00" if line["outcome"] == "payable" else "0.00")


def test_every_node_of_an_explanation_has_the_keys_of_the_contract(
    demo: Path, duebook: Duebook
) -> None:
    """A label, the positions of its facts and its parts; of the rest only what applies."""
    answer = duebook("explain", f"{PROGRAM}/S-1008", *AS_OF, *JSON).json
    tree = answer["explanation"]
    assert (tree["amount"], tree["currency"]) == ("0.00", "CNY")
    for node in nodes(tree):
        assert set(node) >= NODE
        assert set(node) <= NODE | MORE
    positions = {position for node in nodes(tree) for position in node["events"]}
    assert {one["position"] for one in answer["facts"]} == positions
    for fact in answer["facts"]:
        assert fact["file"].endswith((".ndjson", ".csv"))
        assert fact["line"] >= 1
    unmet = [node["label"] for node in nodes(tree) if node.get("met") is False]
    assert "first sale in time" in unmet


def test_verify_log_and_exceptions_have_the_keys_of_the_contract(
    demo: Path, duebook: Duebook
) -> None:
    """Scripts read them."""
    answer = duebook("verify", *JSON).json
    assert set(answer) == {"ok", "events", "head", "checks"}
    assert (answer["ok"], answer["events"], len(answer["head"])) == (True, 1662, 64)
    assert {frozenset(one) for one in answer["checks"]} == {frozenset({"name", "ok", "detail"})}
    place = {"position", "stream", "version", "type", "at", "recorded_at", "by", "batch", "row"}
    rows = duebook("log", "--format", "ndjson").lines
    assert [row["position"] for row in rows] == list(range(1, answer["events"] + 1))
    assert all(place | {"hash"} <= set(row) for row in rows)
    gmv = next(row for row in rows if row["type"] == "GMVRecorded")
    assert {"store", "day", "amount", "currency", "basis"} <= set(gmv)
    found = duebook("report", "exceptions", *JSON).json
    keys = {"code", "position", "sentence", "since", "stream"}
    assert len(found) == 24
    assert all(keys <= set(one) <= keys | {"program"} for one in found)


def test_as_of_is_a_day_that_is_over_or_an_instant_with_a_zone(
    demo: Path, duebook: Duebook
) -> None:
    """A date is the next midnight of the program's zone; without a zone it is refused."""

    def settled(as_of: str) -> Any:
        return duebook("settle", PROGRAM, "--as-of", as_of, *JSON).json

    assert settled("2026-02-15")["as_of"] == "2026-02-15T16:00:00Z"
    assert settled("2026-02-15") == settled("2026-02-16T00:00:00+08:00")
    assert settled("2026-02-15") != settled("2026-02-15T00:00:00+08:00")
    assert settled("2026-02-15")["provisional"] is True
    for typed in ("15.02.2026", "2026-2-15"):
        assert settled(typed) == settled("2026-02-15")
    assert settled("2026q1") == settled("2026-03") == settled("2026-03-31")
    for typed in ("2026-02-15T00:00:00", "2026-02-30", "15/2/2026", ""):
        ran = duebook("settle", PROGRAM, "--as-of", typed)
        assert ran.code == 2, typed
        assert ran.out == ""
    assert "has no zone" in duebook("settle", PROGRAM, "--as-of", "2026-02-15T00:00:00").err


def test_known_at_is_a_position_or_an_instant_of_the_book(demo: Path, duebook: Duebook) -> None:
    """Beyond the head, or before the first event, it is refused with what there is."""
    rows = duebook("log", "--format", "ndjson").lines
    head = rows[-1]["position"]
    whole = duebook("settle", PROGRAM, *AS_OF, *JSON).json
    for known_at in (str(head), rows[-1]["recorded_at"], "2099-01-01T00:00:00Z"):
        assert duebook("settle", PROGRAM, *AS_OF, "--known-at", known_at, *JSON).json == whole
    earlier = duebook("settle", PROGRAM, *AS_OF, "--known-at", "1000", *JSON).json
    assert (earlier["known_at"], earlier["totals"] != whole["totals"]) == (1000, True)
    beyond = (str(head + 1), "99999999999999999999999")
    for known_at in (*beyond, "0", "2000-01-01T00:00:00Z", "-1", "x"):
        for command in (("settle", PROGRAM), ("log",), ("report", "gmv"), ("query", "select 1")):
            ran = duebook(*command, "--known-at", known_at)
            assert (ran.code in (1, 2), ran.out) == (True, ""), (command, known_at)
            assert "duebook itself failed" not in ran.err


def test_reports_and_queries_take_the_clocks(demo: Path, duebook: Duebook) -> None:
    """At an earlier position the late store is not there yet; at an early as-of nothing is."""
    assert duebook("report", "gmv", "--as-of", "2025-01-01", *JSON).json == []
    stores = len(duebook("report", "stores", *JSON).json)
    early = duebook("report", "stores", "--known-at", "60", *JSON).json
    assert 0 < len(early) < stores
    count = duebook("query", "select count(*) as n from stores", "--known-at", "60", *JSON).json
    assert count == [{"n": len(early)}]


def test_log_pages_by_position(demo: Path, duebook: Duebook) -> None:
    """`--after` and `--limit` count events of what is asked for."""

    def positions(*arguments: str) -> list[int]:
        return [row["position"] for row in duebook("log", "--format", "ndjson", *arguments).lines]

    head = head_of(duebook)
    assert positions("--limit", "3") == [1, 2, 3]
    assert positions("--after", "1000", "--limit", "2") == [1001, 1002]
    assert positions("--after", str(head - 1), "--limit", "9") == [head]
    assert positions("--after", str(head)) == []
    store = positions("store:S-1001")
    assert positions("store:S-1001", "--limit", "2", "--after", str(store[0])) == store[1:3]
    assert positions("store:S-1001", "--known-at", str(store[1])) == store[:2]
    ran = duebook("log", "--after", str(head))
    assert (ran.code, ran.out) == (0, "")


def test_show_gives_a_state_and_the_facts_it_follows_from(demo: Path, duebook: Duebook) -> None:
    """At the clocks that are asked for."""
    answer = duebook("show", "store:S-1004", *JSON).json
    assert (answer["state"]["state"], answer["state"]["reason"]) == ("closed", "voluntary")
    assert len(answer["facts"]) == answer["state"]["facts"]
    earlier = duebook("show", "store:S-1004", "--as-of", "2026-03-31", *JSON).json
    assert earlier["state"]["state"] == "open"
    assert earlier["not_counted"]


@pytest.mark.parametrize(
    "sql",
    [
        "select currency, sum(amount_minor) as minor from gmv group by 1",
        "select x'00ff' as b, store from stores limit 1",
        "select null as n, 1.5 as f, 'x' as t",
    ],
)
def test_whatever_a_query_answers_is_json(demo: Path, duebook: Duebook, sql: str) -> None:
    """Also sums and bytes."""
    ran = duebook("query", sql, *JSON)
    assert (ran.code, ran.err) == (0, "")
    assert ran.json


def test_a_sum_on_postgresql_is_json_too(
    new_database: Callable[[], str], duebook: Duebook, file: Callable[..., str]
) -> None:
    """PostgreSQL sums whole numbers to decimals; the same statement as above."""
    url = new_database()
    gmv = {"type": "GMVRecorded", "at": "2026-02-01T08:00:00Z", "store": "S-1"}
    gmv |= {"day": "2026-01-31", "amount": "10.00", "currency": "EUR", "basis": "settled"}
    assert duebook("init", "--book", url).code == 0
    assert duebook("record", file([gmv, gmv]), "--book", url).code == 0
    sql = "select currency, sum(amount_minor) as minor from gmv group by 1"
    ran = duebook("query", sql, "--book", url, *JSON)
    assert (ran.code, "superuser" in ran.err) == (0, True)
    assert [(row["currency"], int(row["minor"])) for row in ran.json] == [("EUR", 2000)]


def test_a_password_in_a_url_is_shown_nowhere(
    new_database: Callable[[], str], duebook: Duebook
) -> None:
    """Not in the answer of init, not in the talk, not in a refusal."""
    url = new_database().replace("postgres:@", "postgres:s3cret@")
    assert "s3cret" in url
    for command in (("init",), ("init",), ("verify",), ("init", "--demo")):
        ran = duebook(*command, "--book", url)
        assert "s3cret" not in ran.out + ran.err, command
    assert "s3cret" not in duebook("log", "--book", url.replace("/book", "/nobook")).err


def test_a_query_that_is_cut_says_so_and_goes_on(demo: Path, duebook: Duebook) -> None:
    """On standard error, whatever the format; a pipe and a file get all rows."""
    sql = "select store from stores order by store"
    cut = duebook("query", sql, "--max-rows", "2", *JSON)
    assert (cut.code, len(cut.json)) == (0, 2)
    assert "more than these 2 rows" in cut.err
    whole = duebook("query", sql, *JSON)
    assert len(whole.json) > 2
    assert whole.err == ""
    refused = duebook("query", "select 1", "--timeout", "0")
    assert refused.code == 2
