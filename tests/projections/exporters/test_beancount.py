"""The real Beancount loads the file without an error and comes to the same balances."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from beancount import loader
from beancount.core import data
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounting.chart import Account
from ledger.accounting.entry import Entry
from projections.exporters.beancount import lines
from projections.exporters.names import exported_account
from tests.marks import examples

Balances = Callable[[Any], dict[tuple[Account, str], Decimal]]


def load(entries: Any, title: str = "demo") -> tuple[list[Any], dict[str, Any]]:
    """The directives and options of the file; there is no error."""
    text = "".join(f"{line}\n" for line in lines(iter(entries), title))
    directives, errors, options = loader.load_string(text)
    assert [one.message for one in errors] == []
    return directives, options


def transactions(directives: list[Any]) -> list[Any]:
    """In the order of the file."""
    found = [one for one in directives if isinstance(one, data.Transaction)]
    return sorted(found, key=lambda one: one.meta["lineno"])


def summed(directives: list[Any]) -> dict[tuple[Account, str], Decimal]:
    """As Beancount read them, per account and commodity, where not zero."""
    sums: dict[tuple[Account, str], Decimal] = defaultdict(Decimal)
    for one in transactions(directives):
        for posting in one.postings:
            sums[exported_account(posting.account), posting.units.currency] += posting.units.number
    return {key: total for key, total in sums.items() if total}


@examples(15, 60)
def test_any_journal_loads_and_its_balances_are_ours(
    any_entries: st.SearchStrategy[list[Entry]], balances: Balances, examples: int
) -> None:
    """Ids and texts of any script, days in any order, every kind of decimals."""

    @settings(max_examples=examples, deadline=None)
    @given(any_entries)
    def check(entries: list[Entry]) -> None:
        directives, _ = load(entries)
        assert summed(directives) == balances(entries)
        narrations = [one.narration for one in transactions(directives)]
        assert narrations == [one.narration for one in entries]

    check()


def test_the_balances_of_the_hand_made_journal_are_ours(
    hand_made: tuple[Entry, ...], balances: Balances
) -> None:
    """With ad credit beside money, yen without decimals, and 18 digits."""
    directives, _ = load(hand_made)
    found = summed(directives)
    assert found == balances(hand_made)
    assert found[Account("Assets", "AdCredit"), "USD.AD"] == Decimal("-3000.50")
    assert found[Account("Assets", "Receivable", "merchant:北京-店"), "KWD"] == Decimal(
        "123456789012345.678"
    )


def test_a_transaction_says_what_it_rests_on(hand_made: tuple[Entry, ...]) -> None:
    """Texts come back as they were, quotes, backslashes, breaks and all."""
    directives, _ = load(hand_made)
    for found, one in zip(transactions(directives), hand_made, strict=True):
        assert found.narration == one.narration
        assert found.date == one.date
        said = {key: found.meta[key] for key in ("entry", "what", "statement", "line")}
        assert tuple(said.values()) == (one.number, one.what, one.statement, one.line)


def test_an_account_is_opened_on_the_first_day_it_is_used(hand_made: tuple[Entry, ...]) -> None:
    """Though a later entry of the log has an earlier day."""
    directives, _ = load(hand_made)
    opened = {
        exported_account(one.account): one for one in directives if isinstance(one, data.Open)
    }
    first: dict[Account, date] = {}
    for one in hand_made:
        for posting in one.postings:
            first[posting.account] = min(one.date, first.get(posting.account, date.max))
    assert {account: one.date for account, one in opened.items()} == first
    assert opened[Account("Liabilities", "Payable", "merchant:7.eleven")].date == date(2026, 5, 2)


def test_an_account_remembers_whose_it_is(hand_made: tuple[Entry, ...]) -> None:
    """As the book writes it, because the name may be escaped."""
    directives, _ = load(hand_made)
    ids = {
        exported_account(one.account): one.meta.get("id", "")
        for one in directives
        if isinstance(one, data.Open)
    }
    assert ids == {account: account.of for account in ids}
    assert {"partner:P-01", "merchant:m_7", "merchant:北京-店", "platform", ""} <= set(ids.values())


def test_commodities_are_declared_with_their_decimals(hand_made: tuple[Entry, ...]) -> None:
    """Each once; ad credit is one of its own."""
    directives, _ = load(hand_made)
    declared = {
        one.currency: one.meta["decimals"] for one in directives if isinstance(one, data.Commodity)
    }
    assert declared == {"CNY": 2, "JPY": 0, "KWD": 3, "USD.AD": 2}


def test_the_title_is_the_files_title() -> None:
    """A journal without entries is a file too."""
    directives, options = load([], 'the "demo"\nof \\ 中文')
    assert directives == []
    assert options["title"] == 'the "demo"\nof \\ 中文'


def test_a_line_of_the_file_is_one_line(hand_made: tuple[Entry, ...]) -> None:
    """A break in a text is escaped."""
    assert not [line for line in lines(hand_made, "a\nb\rc") if {"\n", "\r"} & set(line)]


def test_entries_are_written_as_they_come(hand_made: tuple[Entry, ...]) -> None:
    """None is kept until the end, so a long journal needs no memory."""
    taken = []

    def source() -> Iterator[Entry]:
        for one in hand_made:
            taken.append(one.number)
            yield one

    written = list(islice(lines(source(), "demo"), 5))
    assert any("12.1" in line for line in written)
    assert taken == ["12.1"]
