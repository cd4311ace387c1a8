"""Paying a statement: recorded once per reference, even beyond what is due."""

from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.accounting.chart import Standing
from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import (
    PaymentMade,
    StatementAdjusted,
    StatementIssued,
)
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadPayment, NoSuchStatement
from ledger.kernel.instants import Instant, day_of
from ledger.kernel.money import Money
from ledger.kernel.near import did_you_mean
from ledger.programs.registry import program_of
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log
from ledger.store.near_streams import streams_of
from ledger.usecases.record_decisions import (
    Agree,
    Decided,
    at_once,
    built,
    decided_in_turn,
    refuse_read_only,
)
from ledger.usecases.statements.balances import standings
from ledger.usecases.statements.locked_days import refuse_posting


def pay(
    book: Book,
    statement: str,
    *,
    amount: str,
    currency: str,
    ref: str,
    by: str,
    now: Instant,
    on: date | None = None,
    may_raise_open: bool = True,
    agree: Agree = at_once,
) -> dict[str, Any]:
    """Records that a statement's payee was paid, if `agree` approves the resulting balance; a
    negative amount was paid by the payee.

    `on` is the bank's day, on which it is posted; today where it is left out. The same reference
    with the same amount is recorded only once. What is paid beyond what is due is an advance.
    Raises `NoSuchStatement`, `BadPayment` (zero, a currency that the statement does not have, a
    reference already used for another payment, one that increases the open balance unless it
    `may_raise_open`), `BadAmount`, `BadPostingDate`, `DayLocked`, `ReadOnlyBook`.
    """
    refuse_read_only(book, "pay")
    money = Money.parse(amount, currency)

    def decide(connection: Connection) -> Decided:
        head = head_of(connection)
        events = list(read_log(connection, until=head.position, stream=f"statement:{statement}"))
        if not any(map(_states, events)):
            raise _no_statement(connection, statement, head.position)
        payment = _payment(statement, events, money, ref, on)
        known = _known(events, payment)
        if known is None:
            today = day_of(now, payment.zone)
            refuse_posting(
                *(connection, head.position, on or today), option="--on", first=None, today=today
            )
        before = _standing(connection, statement, currency, head.position)
        if known is None and not may_raise_open:
            _refuse_raising(_answer(payment, before.moved("paid", money.minor)))
        return Decided([] if known else [payment], (payment, known, before))

    def agreed(decided: Decided) -> bool:
        payment, _, before = decided.seen
        return agree(_answer(payment, before.moved("paid", money.minor)))

    asked = None if agree is at_once else agreed
    decided, head = decided_in_turn(book, decide, by=by, agree=asked)
    payment, known, before = decided.seen
    if known:
        assert head is not None, "nobody is asked of what is known"
        answer = _answer(payment, before, known=True)
        return answer | {"position": known.position, "receipt": head.receipt}
    answer = _answer(payment, before.moved("paid", money.minor))
    if head is None:
        return answer
    return answer | {"recorded": True, "position": head.position, "receipt": head.receipt}


def _no_statement(connection: Connection, statement: str, known_at: int) -> NoSuchStatement:
    names = [stream.partition(":")[2] for stream in streams_of(connection, known_at, "statement")]
    return NoSuchStatement(
        f"There is no statement {statement!r}.",
        f"{did_you_mean(statement, names)}List them: duebook report statements. "
        "A statement reads PROGRAM/partner:P-01.",
    )


def _refuse_raising(plan: dict[str, Any]) -> None:
    if plan["raises_open"]:
        raise BadPayment(
            f"{plan['open_before']} {plan['currency']} is open on {plan['statement']}; a payment "
            f"of {plan['amount']} increases that to {plan['open']}.",
            "Nothing was recorded. What the payee pays is negative. If it is meant: --yes",
        )


def _payment(
    statement: str, events: list[Logged], money: Money, ref: str, on: date | None
) -> PaymentMade:
    issued = next((event.event for event in events if _states(event)), None)
    assert issued is not None, "a statement that was not issued was refused before"
    if money.minor == 0:
        raise BadPayment("A payment must not be zero.", "Give the amount that was paid.")
    currencies = {
        line.currency
        for event in events
        if _states(event)
        for line in event.event.lines
        if line.currency
    }
    currencies |= {
        carried.currency
        for event in events
        if isinstance(event.event, StatementIssued)
        for carried in event.event.brought_forward
    }
    if not currencies:
        raise BadPayment(
            f"{statement} holds decisions only: there is nothing to pay on it.",
            "List what is due: duebook report statements",
        )
    if program_of(issued.rules).pot is not None:
        raise BadPayment(
            f"{statement} is of money that is held: facts pay it, and nothing is paid here.",
            "Record what was paid in or given back; list the facts: duebook facts",
        )
    if money.currency not in currencies:
        raise BadPayment(
            f"{statement} is stated in {', '.join(sorted(currencies))}; found {money.currency}.",
            "Pay it in its own currency; convert the amount before.",
        )
    return built(
        PaymentMade,
        rules=issued.rules,
        program=issued.program,
        period=issued.period,
        zone=issued.zone,
        payee=issued.payee,
        payer=issued.payer,
        posting_date=on and on.isoformat(),
        amount=money.text,
        currency=money.currency,
        ref=ref,
    )


def _states(recorded: Logged) -> bool:
    return isinstance(recorded.event, StatementIssued | StatementAdjusted)


def _known(events: list[Logged], payment: PaymentMade) -> Logged | None:
    """The same payment if it is recorded already. Raises `BadPayment` where its reference was
    used for another one."""
    for recorded in events:
        event = recorded.event
        if isinstance(event, PaymentMade) and event.ref == payment.ref:
            day = payment.posting_date
            same_day = day is None or day == _day(recorded)
            if same_day and (event.amount, event.currency) == (payment.amount, payment.currency):
                return recorded
            now = f" on {day}" if day else ""
            raise BadPayment(
                f"The reference {payment.ref!r} is recorded at position {recorded.position} with "
                f"{event.amount} {event.currency} on {_day(recorded)}; found {payment.amount} "
                f"{payment.currency}{now}.",
                "A payment is never edited: give this one a reference of its own, negative to "
                "take one back.",
            )
    return None


def _day(recorded: Logged) -> str:
    """The bank's day of a payment: as it was given, else the day on which it was recorded."""
    event = recorded.event
    return event.posting_date or day_of(recorded.at, event.zone).isoformat()


def _standing(connection: Connection, statement: str, currency: str, known_at: int) -> Standing:
    by_key = standings(connection, [statement], Clocks(FOREVER, known_at))
    return by_key.get((statement, currency), Standing())


def _answer(payment: PaymentMade, standing: Standing, *, known: bool = False) -> dict[str, Any]:
    """The balance after a payment, which is not recorded yet or, with `known`, already was."""
    currency = payment.currency
    before = 0 if known else standing.open + Money.parse(payment.amount, currency).minor
    return {
        "statement": payment.statement,
        "payee": payment.payee,
        "amount": payment.amount,
        "currency": currency,
        "ref": payment.ref,
        "on": payment.posting_date,
        "recorded": False,
        **{name: standing.texts(currency)[name] for name in ("due", "paid", "open", "advance")},
        "open_before": None if known else Money(before, currency).text,
        "raises_open": abs(standing.open) > abs(before) and before * standing.open > 0,
        "position": None,
        "receipt": None,
    }
