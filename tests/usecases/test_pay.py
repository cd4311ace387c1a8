"""Paying statements: once per reference, in parts, too much, back; what is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.settlement import PaymentMade
from ledger.kernel.errors import (
    BadAmount,
    BadPayment,
    ConcurrentWrite,
    NoSuchStatement,
    ReadOnlyBook,
    UnknownCurrency,
)
from ledger.store.book import open_book
from ledger.store.log import read_log
from ledger.usecases import record_decisions as deciding
from ledger.usecases.record_decisions import BadDecision, record_decisions
from tests.quarter import (
    GROWTH,
    PROGRAM,
    TERM_OVER,
    Quarter,
    certified,
    closure,
    enrolled,
    fee_paid,
    on_sqlite,
    plain_quarter,
    store,
)

STATEMENT = f"{PROGRAM}/partner:P-1"


def closed(book: Any, folder: Path) -> None:
    """The plain quarter, closed: P-1 is due 4000.00 CNY."""
    made = Quarter(book, folder)
    made.tell(plain_quarter())
    made.close(as_of=TERM_OVER)


@pytest.fixture
def quarter(book_with: Callable[[Any], Any], tmp_path: Path) -> Quarter:
    """A book with the plain quarter, closed."""
    return Quarter(book_with(closed), tmp_path)


def stands(answer: dict[str, Any]) -> tuple[str, ...]:
    return tuple(answer[name] for name in ("due", "paid", "open", "advance"))


def test_a_statement_is_paid_in_parts(quarter: Quarter) -> None:
    """Each payment says how the statement stands after it."""
    first = quarter.pay("1500", ref="a")
    assert stands(first) == ("4000.00", "1500.00", "2500.00", "0.00")
    second = quarter.pay("2500.00", ref="b")
    assert stands(second) == ("4000.00", "4000.00", "0.00", "0.00")
    assert (first["amount"], first["payee"]) == ("1500.00", "partner:P-1")
    assert [one["recorded"] for one in (first, second)] == [True, True]
    assert second["receipt"] == quarter.book.head().receipt
    with quarter.book.reading() as connection:
        found = list(read_log(connection, topics=[PaymentMade.TOPIC]))
    assert [one.position for one in found] == [first["position"], second["position"]]
    assert {(one.stream, one.by) for one in found} == {(f"statement:{STATEMENT}", "lin")}
    paid = quarter.statement()["payments"]
    assert [(one["amount"], one["ref"], one["fact"]) for one in paid] == [
        ("1500.00", "a", False),
        ("2500.00", "b", False),
    ]


def test_the_same_reference_again_is_known_and_recorded_once(quarter: Quarter) -> None:
    """Also written otherwise, and by somebody else: what a lost reply needs."""
    first = quarter.pay("1500", ref="a")
    head = quarter.book.head()
    again = quarter.pay("1500.00", ref="a", by="somebody")
    assert (again["recorded"], again["position"]) == (False, first["position"])
    assert stands(again) == stands(first)
    assert quarter.book.head() == head


@on_sqlite
@pytest.mark.parametrize(("amount", "currency"), [("1500.01", "CNY"), ("-1500.00", "CNY")])
def test_a_reference_that_stands_for_another_amount_is_refused(
    quarter: Quarter, amount: str, currency: str
) -> None:
    """Both amounts are named, and the position of the one that is recorded."""
    position = quarter.pay("1500", ref="a")["position"]
    with quarter.refused(BadPayment) as raised:
        quarter.pay(amount, ref="a", currency=currency)
    assert f"'a' is recorded at position {position} with 1500.00 CNY" in raised.value.sentence
    assert f"found {amount} {currency}" in raised.value.sentence
    assert "reference of its own" in raised.value.hint


def test_a_reference_belongs_to_its_statement(quarter: Quarter) -> None:
    """Two payees can be paid by one bank transfer."""
    quarter.tell([*certified("P-9"), *store(3, "P-9")])
    quarter.adjust()
    assert quarter.pay("4000", ref="a")["recorded"] is True
    assert quarter.pay("2000", "partner:P-9", ref="a")["recorded"] is True


@on_sqlite
def test_a_statement_that_only_an_adjustment_made_can_be_paid(quarter: Quarter) -> None:
    """The payee had no line at the close."""
    with quarter.refused(NoSuchStatement):
        quarter.pay("2000", "partner:P-9")
    quarter.tell([*certified("P-9"), *store(3, "P-9")])
    quarter.adjust()
    assert stands(quarter.pay("2000", "partner:P-9"))[2:] == ("0.00", "0.00")


@on_sqlite
@pytest.mark.parametrize("payee", ["partner:P-2", "P-1", "merchant:P-1", ""])
def test_an_unknown_statement_is_refused(quarter: Quarter, payee: str) -> None:
    """It is named, and so is where to find those that there are."""
    with quarter.refused(NoSuchStatement) as raised:
        quarter.pay("1", payee)
    assert f"'{PROGRAM}/{payee}'" in raised.value.sentence
    assert "duebook report statements" in raised.value.hint


def test_a_statement_of_a_period_that_is_not_closed_is_unknown(book: Any, tmp_path: Path) -> None:
    """There is nothing yet that was stated."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*plain_quarter(), *enrolled(), fee_paid("1.00")])
    with quarter.refused(NoSuchStatement):
        quarter.pay("1")
    with quarter.refused(NoSuchStatement):
        quarter.pay("1", "merchant:M-7", program=GROWTH, currency="USD")


def test_another_currency_than_the_statements_is_refused(quarter: Quarter) -> None:
    """Amounts are converted before; ad credit pays no money."""
    with quarter.refused(BadPayment) as raised:
        quarter.pay("10", currency="EUR")
    assert f"{STATEMENT} is stated in CNY; found EUR." in raised.value.sentence
    assert "convert" in raised.value.hint
    with quarter.refused(BadPayment):
        quarter.pay("10", currency="USD.AD")


@on_sqlite
@pytest.mark.parametrize(
    ("amount", "currency", "error"),
    [
        *(("0", "CNY", BadPayment), ("0.00", "CNY", BadPayment), ("-0", "CNY", BadPayment)),
        *(("", "CNY", BadAmount), ("1.005", "CNY", BadAmount), ("1e3", "CNY", BadAmount)),
        *(("NaN", "CNY", BadAmount), ("1,000", "CNY", BadAmount), ("9" * 19, "CNY", BadAmount)),
        *(("1", "XXZ", UnknownCurrency), ("1", "cny", UnknownCurrency)),
    ],
)
def test_what_is_no_amount_pays_nothing(
    quarter: Quarter, amount: str, currency: str, error: Any
) -> None:
    """Zero, too many decimals, exponents, separators, currencies that there are not."""
    head = quarter.book.head()
    with pytest.raises(error) as raised:
        quarter.pay(amount, currency=currency)
    assert type(raised.value) is error
    assert quarter.book.head() == head


def test_a_book_that_may_only_be_read_takes_no_payment(quarter: Quarter) -> None:
    """Said before anything is looked up."""
    book = open_book(quarter.book.location, readonly=True)
    with quarter.refused(ReadOnlyBook):
        Quarter(book, quarter.folder).pay("1")
    book.close()


def test_what_is_paid_beyond_what_is_due_stands_as_an_advance(quarter: Quarter) -> None:
    """After a clawback as much as after too large a payment, and paying back takes it away."""
    quarter.pay("4000")
    quarter.tell([closure("S-1")])
    quarter.adjust()
    assert quarter.statement()["statements"][0]["advance"] == "2000.00"
    more = quarter.pay("100.00", ref="b")
    assert stands(more) == ("2000.00", "4100.00", "-2100.00", "2100.00")
    back = quarter.pay("-2100.00", ref="back")
    assert stands(back) == ("2000.00", "2000.00", "0.00", "0.00")
    assert "Assets:Advances:partner:P-1 CNY" not in quarter.balances()
    assert quarter.failing() == {}


def test_a_merchant_owes_and_pays_with_a_negative_amount(book: Any, tmp_path: Path) -> None:
    """The commission; ad credit is paid in ad credit, and each stands by itself."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*enrolled(gmv="19999.99", aigc=0, creator_video=0), fee_paid("6000.00")])
    quarter.close(GROWTH)
    to = {"program": GROWTH, "payee": "merchant:M-7"}
    paid = quarter.pay("-4500.00", **to, currency="USD")
    assert stands(paid) == ("-10000.00", "-10500.00", "500.00", "-500.00")
    credit = quarter.pay("3000.00", **to, currency="USD.AD", ref="ad")
    assert stands(credit) == ("3000.00", "3000.00", "0.00", "0.00")


@on_sqlite
def test_a_payment_is_decided_again_when_somebody_wrote_meanwhile(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says of the statement is what is true after both."""
    raced: list[Any] = []

    def race(*given: Any, **options: Any) -> Any:
        if not raced:
            raced.append(True)
            raced.append(Quarter(quarter.book, quarter.folder).pay("1000", ref="other"))
        return record_decisions(*given, **options)

    monkeypatch.setattr(deciding, "record_decisions", race)
    answer = quarter.pay("1500", ref="a")
    assert stands(answer) == ("4000.00", "2500.00", "1500.00", "0.00")
    assert len(quarter.statement()["payments"]) == 2


@on_sqlite
def test_a_payment_that_is_overtaken_again_and_again_makes_the_others_wait(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last attempt takes the lock first."""
    attempts: list[Any] = []

    def overtaken(*given: Any, **options: Any) -> Any:
        attempts.append(given)
        raise ConcurrentWrite("Somebody else wrote meanwhile.")

    monkeypatch.setattr(deciding, "record_decisions", overtaken)
    assert quarter.pay("1500")["recorded"] is True
    assert len(attempts) == deciding.ATTEMPTS - 1
    assert quarter.pay("1500")["recorded"] is False


def test_twelve_who_pay_at_once_have_all_paid(quarter: Quarter) -> None:
    """On each database; what the last of them is told is what stands."""

    def pay_one(number: int) -> dict[str, Any]:
        book = open_book(quarter.book.location)
        try:
            return Quarter(book, quarter.folder).pay("100", ref=f"bank-{number}")
        finally:
            book.close()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(pay_one, range(12)))
    assert all(one["recorded"] for one in answers)
    assert len({one["position"] for one in answers}) == 12
    last = max(answers, key=lambda one: one["position"])
    assert stands(last) == ("4000.00", "1200.00", "2800.00", "0.00")


@on_sqlite
@pytest.mark.parametrize("ref", ["a", "bank 2026/05/10 №7", "轉帳-7", "x" * 2000])
def test_a_reference_may_be_any_text(quarter: Quarter, ref: str) -> None:
    """As the bank writes it."""
    assert quarter.pay("1", ref=ref)["ref"] == ref
    assert quarter.pay("1", ref=ref)["recorded"] is False


@on_sqlite
@pytest.mark.parametrize("ref", ["", "x" * 2001])
def test_a_reference_that_cannot_be_kept_is_refused_in_a_sentence(
    quarter: Quarter, ref: str
) -> None:
    """Empty or longer than any text that the book keeps."""
    with quarter.refused(BadDecision):
        quarter.pay("1", ref=ref)
