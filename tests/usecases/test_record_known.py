"""A fact is recorded once, for ever, however often and in whatever dress it is sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger.store.book import Book
from tests.marks import decision

Record = Callable[..., Any]
AT = "2026-02-01T08:00:00Z"
CERTIFIED = {"type": "PartnerCertified", "at": AT, "partner": "P-1"}
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2026-01-10T09:00:00+08:00",
    "merchant": "M-1",
    "store": "S-1",
    "market": "EU",
}
GMV = {
    "type": "GMVRecorded",
    "at": AT,
    "store": "S-1",
    "day": "2026-01-31",
    "amount": "1000.00",
    "currency": "CNY",
    "basis": "settled",
}
RATE = {
    "type": "RateQuoted",
    "at": AT,
    "base": "EUR",
    "quote": "CNY",
    "rate": "8.1",
    "day": "2026-02-01",
}


def counts(answer: Any) -> tuple[int, int, list[str]]:
    return answer.recorded, answer.known, [one.code for one in answer.rejected]


def test_the_same_file_twice_adds_nothing(book: Book, record_facts: Record) -> None:
    """Not a fact, not a batch: the head stays where it is, and the receipt is the old one."""
    facts = [CERTIFIED, ONBOARDED, GMV, {**GMV, "id": "1"}, {**GMV, "id": "1", "source": "erp"}]
    first = record_facts(book, facts)
    assert counts(first) == (5, 0, [])
    head = book.head()
    again = record_facts(book, facts)
    assert counts(again) == (0, 5, [])
    assert (again.receipt, again.position) == (first.receipt, head.position)
    assert book.head() == head


def test_equal_lines_in_one_call_are_both_kept_and_known_the_second_time(
    book: Book, record_facts: Record
) -> None:
    """Two equal sales may be two sales; the same call again is not four of them."""
    assert counts(record_facts(book, [GMV, GMV])) == (2, 0, [])
    assert counts(record_facts(book, [GMV, GMV])) == (0, 2, [])
    assert counts(record_facts(book, [GMV], [GMV])) == (0, 2, [])
    assert counts(record_facts(book, [GMV], [GMV, GMV])) == (1, 2, [])
    assert counts(record_facts(book, [GMV, {**GMV, "amount": "-1000.00"}])) == (1, 1, [])


def test_equal_lines_of_one_id_are_one_fact(book: Book, record_facts: Record) -> None:
    """Who gives an id says that there is one of it."""
    named = {**GMV, "id": "g-1"}
    assert counts(record_facts(book, [named, named])) == (1, 1, [])
    assert counts(record_facts(book, [named])) == (0, 1, [])


DRESSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another zone": (GMV, {"at": "2026-02-01T16:00:00+08:00"}),
    "no seconds": (GMV, {"at": "2026-02-01T08:00Z"}),
    "fractions of zero": (GMV, {"at": "2026-02-01T08:00:00.000Z"}),
    "amount without decimals": (GMV, {"amount": "1000"}),
    "amount with one decimal": (GMV, {"amount": "1000.0"}),
    "zero with a sign": ({**GMV, "amount": "0.00"}, {"amount": "-0"}),
    "rate with more zeros": (RATE, {"rate": "08.100"}),
    "a default spelt out": (ONBOARDED, {"via": "other"}),
    "an absent field as null": (ONBOARDED, {"partner": None}),
    "the empty source": (GMV, {"source": ""}),
    "another reporter": (GMV, {"by": "somebody"}),
}


@pytest.mark.parametrize("named", [True, False], ids=["id", "no id"])
@pytest.mark.parametrize(("fact", "changes"), DRESSES.values(), ids=DRESSES)
@decision
def test_the_same_content_in_another_dress_is_known(
    book: Book, record_facts: Record, fact: dict[str, Any], changes: dict[str, Any], named: bool
) -> None:
    """Content is compared after parsing: instants, amounts in minor units, defaults."""
    identity = {"id": "f-1"} if named else {}
    dressed = dict(reversed({**fact, **changes, **identity}.items()))
    assert counts(record_facts(book, [{**fact, **identity}])) == (1, 0, [])
    head = book.head()
    assert counts(record_facts(book, [dressed])) == (0, 1, [])
    assert book.head() == head


@pytest.mark.parametrize("escaped", [False, True], ids=["as text", "escaped"])
def test_one_way_to_write_a_name_in_unicode(
    book: Book, record_facts: Record, escaped: bool
) -> None:
    """Composed or not, escaped or not: what looks the same is the same id."""
    assert counts(record_facts(book, [{**CERTIFIED, "partner": "Caf\u00e9"}])) == (1, 0, [])
    line = json.dumps({**CERTIFIED, "partner": "Cafe\u0301"}, ensure_ascii=escaped)
    assert counts(record_facts(book, line + "\n")) == (0, 1, [])


@pytest.mark.parametrize("field", ["by", "source", "id"])
def test_a_nul_in_a_text_is_refused_on_both_databases(
    book: Book, record_facts: Record, field: str
) -> None:
    """PostgreSQL keeps none in texts, and it stands between source and id in a fact's key."""
    head = book.head()
    facts = [CERTIFIED, {**GMV, field: "a\0b"}]
    (rejected,) = record_facts(book, facts).rejected
    assert rejected.line == 2
    assert rejected.code in ("invalid_field", "not_text")
    assert book.head() == head


CHANGES = {
    "amount": ({**GMV, "amount": "1000.01"}, "amount is '1000.01' here and '1000.00' there"),
    "currency": ({**GMV, "currency": "EUR"}, "currency is 'EUR' here and 'CNY' there"),
    "a field that was absent": ({**GMV, "orders": 3}, "orders is 3 here and None there"),
    "instant": ({**GMV, "at": "2026-02-01T08:00:01Z"}, "at differs"),
    "type": (CERTIFIED, "type is 'PartnerCertified' here and 'GMVRecorded' there"),
}


@pytest.mark.parametrize(("changed", "says"), CHANGES.values(), ids=CHANGES)
def test_another_content_under_a_recorded_id_is_refused(
    book: Book, record_facts: Record, changed: dict[str, Any], says: str
) -> None:
    """The differing field is named, and the position of the one that stands."""
    record_facts(book, [{**GMV, "id": "g-1", "source": "erp"}])
    head = book.head()
    answer = record_facts(book, [ONBOARDED, {**changed, "id": "g-1", "source": "erp"}])
    (rejected,) = answer.rejected
    assert (rejected.line, rejected.code) == (2, "conflicting_id")
    assert "'g-1'" in rejected.error
    assert "'erp'" in rejected.error
    assert f"position {head.position}: " in rejected.error
    assert says in rejected.error
    assert "withdraw" in rejected.hint
    assert book.head() == head


@pytest.mark.parametrize(("changed", "says"), CHANGES.values(), ids=CHANGES)
def test_another_content_under_an_id_of_the_same_call_is_refused(
    book: Book, record_facts: Record, changed: dict[str, Any], says: str
) -> None:
    """The first one's file and line are named; with keep_good it is the one that is kept."""
    head = book.head()
    named = {**changed, "id": "g-1"}
    answer = record_facts(book, [ONBOARDED, {**GMV, "id": "g-1"}], [named])
    (rejected,) = answer.rejected
    assert (rejected.line, rejected.code) == (1, "conflicting_id")
    assert rejected.file.endswith("1-facts.ndjson")
    assert "0-facts.ndjson" in rejected.error
    assert "line 2 of" in rejected.error
    assert says in rejected.error
    assert book.head() == head
    kept = record_facts(book, [{**GMV, "id": "g-1"}, named], keep_good=True)
    assert counts(kept) == (1, 0, ["conflicting_id"])


def test_ids_belong_to_their_source(book: Book, record_facts: Record) -> None:
    """Two systems may both count from one; none and the empty one are the same source."""
    sources = [{}, {"source": "erp"}, {"source": "shop"}]
    facts = [{**GMV, "id": "1", "amount": f"{n}.00", **own} for n, own in enumerate(sources)]
    assert counts(record_facts(book, facts)) == (3, 0, [])
    answer = record_facts(book, [{**facts[1], "source": ""}])
    assert counts(answer) == (0, 0, ["conflicting_id"])


def test_a_source_and_an_id_are_not_run_together(book: Book, record_facts: Record) -> None:
    """What stands where counts: `a` and `bc` is not `ab` and `c`."""
    pairs = [("a", "bc"), ("ab", "c"), ("", "abc")]
    facts = [
        {**GMV, "source": source, "id": name, "amount": f"{n}"}
        for n, (source, name) in enumerate(pairs)
    ]
    assert counts(record_facts(book, facts)) == (3, 0, [])


def test_every_call_that_adds_facts_leaves_its_batch(
    book: Book,
    record_facts: Record,
    read_rows: Callable[[Book], list[dict[str, Any]]],
) -> None:
    """Every event carries the position of its batch and its row through the batch's files."""
    answer = record_facts(book, [CERTIFIED, GMV], "\n" + json.dumps(ONBOARDED))
    *_, batch, one, two, three = read_rows(book)
    stated = json.loads(batch["state"])
    assert (batch["topic"], stated["recorded"], stated["by"]) == ("batch-recorded.v1", 3, "test")
    assert [(file["rows"], file["lines"]) for file in stated["files"]] == [(2, 2), (1, 2)]
    assert {row["batch"] for row in (batch, one, two, three)} == {batch["position"]}
    assert [row["row"] for row in (one, two, three)] == [1, 2, 4]
    assert answer.receipt == f"{three['position']}:{three['hash'].hex()}"
