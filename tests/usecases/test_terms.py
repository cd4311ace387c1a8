"""Publishing terms: recorded once, checked to the last key, counting from their position on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.terms import TermsPublished
from ledger.kernel.errors import BadTerms, MissingFile, TermsConflict, UnknownProgram
from ledger.programs.edition import Edition, parse_toml
from ledger.programs.recruiting.parameters import Parameters
from ledger.programs.registry import program_of, shipped
from ledger.store.book import Book
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.editions import edition_at, published
from ledger.usecases.terms.publish import offered, publish
from tests.marks import decision

PROGRAM = "recruiting-eu-jp-2026q1"
SHIPPED = {edition.program: edition for edition in shipped()}
PLACES = {program: position for position, program in enumerate(SHIPPED, 2)}
"""Where `init` publishes each shipped edition, after `BookOpened`."""
ACME = Path(__file__).parents[2] / "fixtures" / "demo" / "terms-governance.toml"


def _edition(**changed: str) -> Edition:
    """The demo's edition by acme with some texts of its file replaced."""
    return parse_toml(_text(changed), "mine.toml")


def _text(changed: dict[str, str]) -> str:
    text = ACME.read_text(encoding="utf-8")
    for key, line in changed.items():
        (old,) = [one for one in text.splitlines() if one.startswith(f"{key} = ")][:1]
        text = text.replace(old, line, 1)
    return text


def _checked(changed: dict[str, str]) -> Edition:
    edition = _edition(**changed)
    return program_of(edition.rules).check(edition)


def _known(book: Book) -> list[Any]:
    with book.reading() as connection:
        return published(connection, book.head().position)


@pytest.mark.parametrize("program", SHIPPED)
def test_publishing_what_the_book_came_with_is_known(book: Book, program: str) -> None:
    """The same publisher's version with the same content is recorded once, for ever."""
    head = book.head()
    edition = SHIPPED[program]
    answer = publish(book, edition, "lin")
    expected = {
        "program": program,
        "publisher": "duebook",
        "version": edition.version,
        "digest": edition.digest,
        "recorded": False,
        "position": PLACES[program],
        "receipt": head.receipt,
    }
    assert expected == answer
    assert head == book.head()


def test_a_published_version_is_recorded_with_who_published_it(book: Book) -> None:
    """The event carries the whole edition, every parameter written out, and its digest."""
    before = book.head().position
    answer = publish(book, _edition(), "lin")
    assert (True, before + 1) == (answer["recorded"], answer["position"])
    assert book.head().receipt == answer["receipt"]
    last = _known(book)[-1]
    assert ("lin", f"terms:{PROGRAM}", 2) == (last.by, last.stream, last.version)
    assert (last.event.publisher, last.event.version, last.event.rules_version) == ("acme", 2, 1)
    assert answer["digest"] == last.event.digest
    assert set(Parameters.model_fields) - {"rest_days"} == set(last.event.edition["terms"])
    again = publish(book, _edition(), "somebody else")
    assert (False, answer["position"]) == (again["recorded"], again["position"])


@pytest.mark.parametrize(
    ("key", "line", "named"),
    [
        ("award", 'award = "2500.00"', "terms.award"),
        ("governance_ratios", "governance_ratios = []", "terms.governance_ratios"),
        ("to", "to = 2026-04-30", "to"),
        ("roll_over", "roll_over = true", "terms.roll_over"),
    ],
)
@decision
def test_the_same_version_with_other_content_is_refused(
    book: Book, key: str, line: str, named: str
) -> None:
    """The key that differs is named, and the hint gives the next free version."""
    position = publish(book, _edition(), "lin")["position"]
    head = book.head()
    with pytest.raises(TermsConflict) as refused:
        publish(book, _edition(**{key: line}), "lin")
    assert refused.value.sentence.endswith(f"with another {named}.")
    assert f"position {position} " in refused.value.sentence
    assert refused.value.hint == "Give the changed file version = 3."
    assert head == book.head()


def test_versions_are_each_publishers_own(book: Book) -> None:
    """Acme's version 1 is no conflict with the shipped version 1."""
    answer = publish(book, _edition(version="version = 1"), "lin")
    assert answer["recorded"]


def test_a_new_version_counts_from_its_position_on(book: Book) -> None:
    """The last one published counts; a run known at an earlier position still sees the old."""
    position = publish(book, _edition(), "lin")["position"]
    with book.reading() as connection:
        before, was_at = edition_at(connection, PROGRAM, position - 1)
        after, is_at = edition_at(connection, PROGRAM, position)
    assert (SHIPPED[PROGRAM], PLACES[PROGRAM]) == (before, was_at)
    assert ("acme", position) == (after.publisher, is_at)
    assert after.terms["governance_ratios"][0] == {"from": 1, "ratio": "0.8"}


def test_before_a_program_was_published_it_is_unknown(book: Book) -> None:
    """The refusal lists what is published at that known-at, or how to publish something."""
    with book.reading() as connection:
        with pytest.raises(UnknownProgram) as unknown:
            edition_at(connection, "growth-2027-05", book.head().position)
        with pytest.raises(UnknownProgram) as early:
            edition_at(connection, PROGRAM, PLACES[PROGRAM] - 1)
        with pytest.raises(UnknownProgram) as nothing:
            edition_at(connection, PROGRAM, 1)
    near = "Did you mean growth-2026-05?"
    assert unknown.value.hint == f"{near} Published: {', '.join(sorted(SHIPPED))}."
    earlier = sorted(list(SHIPPED)[: PLACES[PROGRAM] - 2])
    assert early.value.hint == f"Published: {', '.join(earlier)}."
    assert "duebook publish" in nothing.value.hint


@pytest.mark.parametrize(
    ("key", "line", "named"),
    [
        ("roll_over", "roll_ower = false", "roll_ower: unknown key"),
        ("version", "version = 2\nprize = 1", "prize: unknown key"),
        ("title", 'titel = "a"', "source.0.titel: unknown key"),
        ("gmv_over", "gmv_over = 1000.00", "terms.gmv_over = 1000.0 is a float"),
        ("gmv_over", "gmv_over = 1000", "gmv_over: expected a text in quotes"),
        ("gmv_over", 'gmv_over = "1000.001"', "gmv_over: '1000.001' has 3 decimals"),
        ("award", 'award = "2e3"', "award: '2e3' is not a plain decimal"),
        ("version", "version = 2.0", "version = 2.0 is a float"),
        ("version", 'version = "2"', "version: "),
        ("version", "version = 0", "version: "),
        ("from", "from = 2026-01-01T00:00:00+08:00", "from is a date-time"),
        ("to", "to = 2026-03-31T00:00:00", "to is a date-time"),
        ("to", "to = 2025-12-31", "to: found 2025-12-31, expected"),
        ("to", "", "to: found nothing, expected"),
        ("zone", 'zone = "Asia/Peking"', "zone: 'Asia/Peking' is not a time zone"),
        ("rules", 'rules = "growing"', "rules: 'growing' is not a program"),
        ("rules", 'rules = "growth"', "award: unknown key"),
        ("rules", "", "rules: it is missing"),
        ("program", "", "program: it is missing"),
        ("program", 'program = "a b"', "program: "),
        ("publisher", "", "publisher: it is missing"),
        ("currency", 'currency = "XXX"', "award: 'XXX' is not a currency"),
        ("gmv_basis", 'gmv_basis = "paid"', "gmv_basis: "),
        ("first_sale_within_days", "first_sale_within_days = -1", "first_sale_within_days: "),
        ("stock_countries", 'stock_countries = ["de"]', "stock_countries.0: "),
    ],
)
def test_a_wrong_key_or_value_is_refused_and_named(key: str, line: str, named: str) -> None:
    """Unknown keys, floats, date-times, missing and impossible values."""
    with pytest.raises(BadTerms) as refused:
        _checked({key: line})
    assert named in refused.value.sentence


@pytest.mark.parametrize(
    ("key", "line", "named"),
    [
        ("roll_over", "roll_ower = false", "roll_ower: unknown key"),
        ("gmv_over", 'gmv_over = "1000.001"', "gmv_over: "),
        ("to", "to = 2025-12-31", "to: "),
        ("rules", 'rules = "growing"', "rules: "),
        ("rules", 'rules = "growth"', "award: unknown key"),
    ],
)
@decision
def test_what_is_refused_is_not_published(book: Book, key: str, line: str, named: str) -> None:
    """`publish` checks by itself, whoever read the file."""
    head = book.head()
    with pytest.raises(BadTerms, match=named):
        publish(book, _edition(**{key: line}), "lin")
    assert head == book.head()


@pytest.mark.parametrize("table", ["assumed", "cite"])
@decision
def test_a_reason_for_something_that_is_no_parameter_is_refused(book: Book, table: str) -> None:
    """A misspelt key of `[cite]` or `[assumed]` would leave the real one without a source."""
    text = ACME.read_text(encoding="utf-8").replace(f"[{table}]", f'[{table}]\nprize = "why"')
    with pytest.raises(BadTerms, match=rf"\[{table}\] prize: unknown key"):
        publish(book, parse_toml(text, "mine.toml"), "lin")


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"from": "from = 2026-03-31", "to": "to = 2026-06-30"},
        {"markets": 'markets = ["JP", "US"]'},
        {"from": "from = 2025-01-01", "to": "to = 2027-12-31"},
    ],
)
@decision
def test_a_new_program_beside_a_published_one_is_refused(
    book: Book, changed: dict[str, str]
) -> None:
    """Same rules, a common market and a common day: the same store would be paid for twice."""
    head = book.head()
    with pytest.raises(TermsConflict, match=rf"^program: mine overlaps {PROGRAM}"):
        publish(book, _edition(program='program = "mine"', **changed), "lin")
    assert head == book.head()


@pytest.mark.parametrize(
    "changed",
    [
        {"from": "from = 2026-04-01", "to": "to = 2026-06-30"},
        {"from": "from = 2025-10-01", "to": "to = 2025-12-31"},
        {"markets": 'markets = ["US"]'},
    ],
)
def test_a_new_program_of_other_days_or_markets_is_published(
    book: Book, changed: dict[str, str]
) -> None:
    """Touching dates share no day."""
    answer = publish(book, _edition(program='program = "mine"', **changed), "lin")
    with book.reading() as connection:
        found, position = edition_at(connection, "mine", answer["position"])
        old, _ = edition_at(connection, PROGRAM, answer["position"])
    assert ("mine", answer["position"]) == (found.program, position)
    assert (old.program, old.publisher) == (PROGRAM, "duebook")


def test_a_draft_records_nothing(book: Book, tmp_path: Path) -> None:
    """Terms that are only tried are checked like published ones and leave no trace."""
    head = book.head()
    draft = read_terms(str(ACME))
    assert (draft.publisher, draft.rules_version) == ("acme", 1)
    bad = tmp_path / "bad.toml"
    bad.write_text(_text({"award": 'award = "two thousand"'}), encoding="utf-8")
    with pytest.raises(BadTerms, match="award"):
        read_terms(str(bad))
    with pytest.raises(MissingFile, match="cannot be read"):
        read_terms(str(tmp_path / "none.toml"))
    assert head == book.head()
    assert len(_known(book)) == len(SHIPPED)


def test_a_newer_shipped_version_is_offered_and_never_used_by_itself(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A book keeps the terms that it was made with until somebody publishes others."""
    old = SHIPPED[PROGRAM]
    newer = old.model_copy(update={"version": 3, "terms": {**old.terms, "award": "2500.00"}})
    monkeypatch.setattr("ledger.usecases.terms.publish.shipped", lambda: [newer])
    head = book.head().position
    with book.reading() as connection:
        assert [newer] == offered(connection, head)
        assert old == edition_at(connection, PROGRAM, head)[0]
    position = publish(book, newer, "lin")["position"]
    with book.reading() as connection:
        assert offered(connection, position) == []
        assert [newer] == offered(connection, head)
        assert newer == edition_at(connection, PROGRAM, position)[0]


def test_published_terms_are_found_by_the_index(
    book: Book, read_rows: Callable[[Book], list[dict[str, Any]]]
) -> None:
    """Every `TermsPublished` has its entry, at its own position."""
    publish(book, _edition(), "lin")
    with book.reading() as connection:
        sql = "SELECT name, position, stream FROM refs WHERE kind = 'program' ORDER BY position"
        entries = [tuple(row) for row in connection.exec_driver_sql(sql)]
    topics = [row for row in read_rows(book) if row["topic"] == TermsPublished.TOPIC]
    found = [(row["stream"].removeprefix("terms:"), row["position"]) for row in topics]
    assert found == [*PLACES.items(), (PROGRAM, book.head().position)]
    assert [(*one, f"terms:{one[0]}") for one in found] == entries
