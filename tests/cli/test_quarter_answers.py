"""What closing, adjusting, replaying, stating and paying answer: keys, talk, exit codes."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from ledger.store.book import open_book
from tests.cli.closing import AS_OF, BY, JSON, LEFT, PAY, SETTLE, STATEMENT, Duebook, head_of, tell
from tests.quarter import (
    PROGRAM,
    certified,
    closure,
    forge,
    store,
)


def test_close_answers_with_these_keys_and_says_what_was_left_open(told: Duebook) -> None:
    """The seal's digest and the receipt; a table for people."""
    ran = told("close", PROGRAM, *AS_OF, *BY, *LEFT, *JSON)
    assert ran.code == 0
    more = {
        "posting_date",
        "statements",
        "held",
        "exceptions",
        "digest",
        "recorded",
        "position",
        "receipt",
        "checkpoint",
    }
    assert set(ran.json) == (SETTLE - {"obligations"}) | more
    statements = {"statement", "payee", "lines", "totals", "brought_forward"}
    assert {frozenset(one) for one in ran.json["statements"]} == {frozenset(statements)}
    assert (ran.json["lines"], ran.json["held"], ran.json["recorded"]) == (4, 1, 3)
    seal = told("statement", PROGRAM, *JSON).json["seal"]
    assert seal["system_user"]
    assert (seal["by"], seal["left_open"]) == ("lin", "ratios come in May")


def test_close_talks_to_people_on_stderr(told: Duebook) -> None:
    """What was closed, what is left open, as of when, and the receipt."""
    ran = told("close", PROGRAM, *AS_OF, *BY, *LEFT)
    assert "Closed: 4 lines, 2 statements, 4,000.00 CNY payable, posted on 2026-03-31." in ran.err
    assert "Left open: 1 held line, 0 exceptions." in ran.err
    assert "As of 2026-07-01 00:00:00 +08:00" in ran.err
    assert "Receipt " in ran.err
    assert STATEMENT in ran.out


def test_adjust_answers_with_these_keys_and_a_dry_run_exits_3(
    closed: Duebook, file: Callable[..., str]
) -> None:
    """The dry run says the same as the adjustment and records nothing."""
    assert closed("adjust", PROGRAM, "--dry-run").code == 0
    tell(closed, file, closure("S-1"), *certified("P-9"), *store(9, "P-9"))
    before = head_of(closed)
    dry = closed("adjust", PROGRAM, "--dry-run", *JSON)
    assert (dry.code, dry.json["recorded"], head_of(closed)) == (3, 0, before)
    ran = closed("adjust", PROGRAM, *BY, *JSON)
    assert (ran.code, ran.json["recorded"]) == (0, 2)
    assert ran.json["adjustments"] == dry.json["adjustments"]
    contract = {"program", "as_of", "known_at", "adjustments", "totals"}
    more = {"period", "closed_at", "terms", "rules_version", "filled", "recorded", "left_alone"}
    assert contract <= set(ran.json) <= contract | more | {"position", "receipt", "posting_date"}
    rows = {
        *("line", "payer", "payee", "was", "now", "difference", "currency", "outcome", "because"),
        *("filled", "outcome_was", "unmet", "held_for", "why"),
    }
    assert {frozenset(one) for one in ran.json["adjustments"]} == {frozenset(rows)}
    again = closed("adjust", PROGRAM, *BY)
    assert (again.code, "Nothing has changed" in again.err) == (0, True)


def test_replay_answers_with_these_keys_and_exits_3_where_something_differs(
    closed: Duebook, file: Callable[..., str]
) -> None:
    """Identical at its own clocks; at others and under other terms the differences."""
    tell(closed, file, closure("S-1"))
    ran = closed("replay", PROGRAM, *JSON)
    assert (ran.code, ran.json["identical"], ran.json["lines"]) == (0, True, 4)
    contract = {"identical", "as_of", "known_at", "lines", "differences"}
    more = {"program", "period", "terms", "rules_version", "closed", "digest", "totals", "faults"}
    assert set(ran.json) == contract | more
    position = closed("verify", *JSON).json["events"]
    then = closed("replay", PROGRAM, "--known-at", position, *JSON)
    assert (then.code, [one["line"] for one in then.json["differences"]]) == (
        *(3, [f"{PROGRAM}/S-1"]),
    )
    assert then.json["as_of"] == "2026-06-30T16:00:00Z", "the as-of stays the close's own"
    assert closed("replay", PROGRAM, "--as-of", "2026-07-31").code == 0
    assert closed("replay", PROGRAM, "--as-of", "2026-01-31").code == 3


def test_replay_under_other_terms_names_payees_and_why(closed: Duebook) -> None:
    """A draft from a file; one with an unknown parameter, and one of another program, do not do."""
    text = closed("programs", PROGRAM, "--format", "toml").out
    draft = Path("draft.toml")
    draft.write_text(text.replace('"2000.00"', '"1500.00"'), encoding="utf-8")
    before = head_of(closed)
    ran = closed("replay", PROGRAM, "--terms", draft, *JSON)
    assert (ran.code, ran.json["draft"]) == (3, True)
    assert [set(one) for one in ran.json["payees"]] == 2 * [
        {"payee", "was", "now", "difference", "currency", "changed_lines"}
    ]
    assert ran.json["payees"][0]["now"] == "3000.00"
    assert ran.json["differences"][0]["why"] == ["award: 1500.00 instead of 2000.00 CNY"]
    people = closed("replay", PROGRAM, "--terms", draft)
    assert (people.code, "award: 1500.00 instead of 2000.00 CNY" in people.err) == (3, True)
    draft.write_text(text.replace("award =", "award_amount ="), encoding="utf-8")
    wrong = closed("replay", PROGRAM, "--terms", draft)
    assert (wrong.code, wrong.out, "award_amount: unknown key" in wrong.err) == (1, "", True)
    draft.write_text(text.replace(PROGRAM, "other-2026"), encoding="utf-8")
    other = closed("replay", PROGRAM, "--terms", draft)
    assert (other.code, "found 'other-2026'" in other.err) == (1, True)
    assert head_of(closed) == before


def test_statement_and_pay_answer_with_these_keys(closed: Duebook) -> None:
    """Those of `settle`, and more; a payment that was recorded before says so."""
    paid = ("pay", STATEMENT, "--amount", "4500", "--ref", "bank-7", *PAY)
    ran = closed(*paid, *JSON)
    assert ran.code == 0
    assert set(ran.json) == {
        *("statement", "payee", "amount", "currency", "ref", "recorded", "due", "paid", "open"),
        *("advance", "open_before", "raises_open", "position", "receipt", "on"),
    }
    assert (ran.json["advance"], ran.json["recorded"]) == ("500.00", True)
    again = closed(*paid)
    assert (again.code, "was recorded before" in again.err) == (0, True)
    assert "500.00 CNY is paid beyond what is due" in again.err
    other = closed("pay", STATEMENT, "--amount", "1", "--ref", "bank-7", *PAY)
    assert (other.code, other.out, "with 4500.00 CNY" in other.err) == (1, "", True)
    answer = closed("statement", PROGRAM, "--payee", "partner:P-1", *JSON).json
    contract = SETTLE | {"issued_at", "asked", "seal", "adjustments", "payments", "fingerprint"}
    assert set(answer) == contract | {"statements", "running"}
    keys = ("statement", "position", "paid_at", "on", "amount", "currency", "ref", "by", "fact")
    assert [set(one) for one in answer["payments"]] == [set(keys)]
    people = closed("statement", PROGRAM)
    assert "paid beyond what is due: 500.00" in people.err


def test_the_journal_and_balances_as_they_were_known(closed: Duebook) -> None:
    """One row per posting; at a position before the payment there was no cash."""
    position = closed("verify", *JSON).json["events"]
    closed("pay", STATEMENT, "--amount", "4000", "--ref", "r", *PAY)
    rows = closed("journal", "--format", "ndjson").lines
    assert set(rows[0]) == {
        *("number", "date", "account", "amount", "currency", "what", "statement", "line"),
        "narration",
    }
    assert (len(rows), len(closed("journal", "--known-at", position, *JSON).json)) == (6, 4)
    then = closed("balances", "--known-at", position, *JSON).json
    assert {one["account"] for one in then} == {
        *(f"Expenses:Incentive:{PROGRAM}", "Liabilities:Payable:partner:P-1"),
    }
    (cash,) = closed("balances", "Assets:Cash", *JSON).json
    assert cash == {"account": "Assets:Cash", "balance": "-4000.00", "currency": "CNY"}
    unknown = closed("balances", "Assets:Gold")
    assert (unknown.code, "Assets:Cash" in unknown.err) == (2, True)


def test_verify_ends_with_exit_5_for_a_forged_statement(closed: Duebook) -> None:
    """Every hash is right; the period is worked out again and named."""
    book = open_book("duebook.db")
    forge(book, "statement-issued.v1", lambda state: state.replace(b"2000.00", b"9000.00", 1))
    book.close()
    ran = closed("verify", *JSON)
    assert (ran.code, ran.json["ok"]) == (5, False)
    failing = [one["name"] for one in ran.json["checks"] if not one["ok"]]
    assert failing == [f"closed {PROGRAM}", "line trees"]
    assert "The log does not hold" in ran.err
    assert closed("replay", PROGRAM).code == 3


def test_a_statement_as_csv_has_what_was_adjusted_and_paid(
    closed: Duebook, file: Callable[..., str]
) -> None:
    """What was issued and adjusted comes to what is due."""
    tell(closed, file, closure("S-1"))
    closed("adjust", PROGRAM, *BY)
    closed("pay", STATEMENT, "--amount", "1", "--ref", "b1", *PAY)
    answer = closed("statement", PROGRAM, *JSON).json
    rows = list(csv.DictReader(closed("statement", PROGRAM, "--format", "csv").out.splitlines()))
    kinds = [one["what"] for one in rows]
    assert kinds == ["issued"] * len(answer["lines"]) + ["adjusted", "paid"]
    due = sum(Decimal(one["amount"]) for one in rows if one["what"] != "paid")
    assert due == sum(Decimal(one["due"]) for one in answer["statements"])


def test_a_statement_asked_before_its_close_says_when_that_was(closed: Duebook) -> None:
    """Closing it again is not the way."""
    for clocks in (("--as-of", "2026-06-30"), ("--known-at", "8")):
        ran = closed("statement", PROGRAM, *clocks)
        assert ran.code == 1
        assert "It was closed at " in ran.err
        assert "Close it" not in ran.err
