"""Every command on a program that came as a folder and a file of facts. Run in a copy of the house.

python story.py FOLDER
"""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

from cli.main import run
from ledger.store.book import open_book
from ledger.usecases.looking.catalogue_of_facts import describe
from ledger.usecases.statements.closed_period import closed_period
from ledger.usecases.verifying.closed_periods import payers_faults

FOLDER = Path(sys.argv[1])
JANUARY = ("toys-2026", "2026-01")
FACTS = [
    {"type": "MerchantOnboarded", "at": "2026-01-01T08:00:00Z", "merchant": "M-1", "store": "S-1"}
    | {"market": "CN"},
    {"type": "ToyRented", "at": "2026-01-10T02:00:00Z", "toy": "BEAR", "store": "S-1"}
    | {"creator": "C-1", "price": "10.00", "currency": "CNY"},
    {"type": "ToyRented", "at": "2026-01-11T02:00:00Z", "toy": "TRAIN", "store": "S-1"}
    | {"creator": "C-2", "price": "50.00", "currency": "CNY"},
    {"type": "ToyReturned", "at": "2026-01-30T02:00:00Z", "toy": "BEAR"},
]
LATE = [
    {"type": "ToyRented", "at": "2026-01-20T02:00:00Z", "toy": "BALL", "store": "S-1"}
    | {"creator": "C-1", "price": "5.00", "currency": "CNY"},
]


def call(book, *words, code=0):
    """The JSON of a command's answer; the exit code must be the one expected."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    err = io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        ended = run([*words, "--book", str(FOLDER / f"{book}.db")])
    out.flush()
    text = out.buffer.getvalue().decode()
    assert ended == code, f"{words}: exit {ended}: {text} {err.getvalue()}"
    return json.loads(text) if text and "json" in words else text


def answer(book, *words, code=0):
    return call(book, *words, "--format", "json", code=code)


def short(name):
    return name.partition("01/")[2]


def record(book, facts):
    path = FOLDER / f"{book}.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in facts), encoding="utf-8")
    return answer(book, "record", str(path))


def opened(book, entity):
    answer(book, "init", "--entity", entity)
    return record(book, FACTS)


def accounts(book):
    return {
        row["account"]: row["balance"] + " " + row["currency"] for row in answer(book, "balances")
    }


def tell_and_settle():
    warned = opened("platform", "platform")["warnings"]
    assert [warning["code"] for warning in warned] == ["returned_late"], warned
    settled = answer("platform", "settle", *JANUARY)
    assert settled["totals"] == {"CNY": "60.00"}
    assert settled["decisions"] == {"declined": 1, "granted": 1}
    rent = next(one for one in settled["lines"] if one["line"] == "toys-2026/2026-01/BEAR/rent")
    assert (rent["payer"], rent["payee"], rent["amount"]) == ("store:S-1", "creator:C-1", "10.00")
    permit = next(one for one in settled["lines"] if one["line"].endswith("TRAIN/permit"))
    assert (permit["outcome"], permit["amount"], permit["unmet"]) == (
        "declined",
        None,
        ["too_dear"],
    )
    told = answer("platform", "explain", "toys-2026/2026-01/BEAR/rent")
    assert told["explanation"]["amount"] == "10.00"
    call("platform", "settle", *JANUARY)
    call("platform", "explain", "toys-2026/2026-01/TRAIN/permit")


def close_and_look(book):
    """An exception touches the close of its own month."""
    answer(book, "close", *JANUARY, "--by", "lin", code=1)
    reason = ("--leave-open", "--reason", "they were reminded")
    closed = answer(book, "close", *JANUARY, "--by", "lin", *reason)
    assert (closed["lines"], closed["exceptions"]) == (4, 1)
    names = {one["statement"].rpartition("/")[2] for one in closed["statements"]}
    assert names == {"store:S-1", "creator:C-1", "creator:C-2"}


def statements():
    payer = answer("platform", "statement", *JANUARY, "--payee", "store:S-1")
    sides = {(short(one["line"]), one.get("side"), one["amount"]) for one in payer["lines"]}
    assert sides == {
        ("BEAR/permit", None, None),
        ("TRAIN/permit", None, None),
        ("BEAR/rent", "payer", "-10.00"),
        ("TRAIN/rent", "payer", "-50.00"),
    }
    assert payer["totals"] == {"CNY": "-60.00"}
    assert [(one["due"], one["open"]) for one in payer["statements"]] == [("-60.00", "-60.00")]
    payee = answer("platform", "statement", *JANUARY, "--payee", "creator:C-1")
    assert [one["due"] for one in payee["statements"]] == ["10.00"]
    whole = answer("platform", "statement", *JANUARY)
    assert whole["totals"] == {"CNY": "60.00"}
    call("platform", "statement", *JANUARY)
    call("platform", "statement", *JANUARY, "-o", str(FOLDER / "all.xlsx"))
    pay = ("--currency", "CNY", "--by", "lin")
    answer(
        "platform", "pay", "toys-2026/2026-01/store:S-1", "--amount", "-60.00", "--ref", "r", *pay
    )
    answer(
        "platform", "pay", "toys-2026/2026-01/creator:C-1", "--amount", "10.00", "--ref", "r", *pay
    )


def adjusted():
    record("platform", LATE)
    answered = answer("platform", "adjust", *JANUARY, "--by", "lin")
    rows = {(short(one["line"]), one.get("side")): one for one in answered["adjustments"]}
    assert rows["BALL/rent", None]["difference"] == "5.00"
    assert rows["BALL/rent", "payer"]["difference"] == "-5.00"
    assert (rows["BALL/permit", None]["outcome"], rows["BALL/permit", None]["now"]) == (
        "granted",
        None,
    )
    assert answered["totals"] == {"CNY": "5.00"}
    again = answer("platform", "adjust", *JANUARY, "--dry-run")
    assert again["adjustments"] == []
    replayed = answer("platform", "replay", *JANUARY)
    assert replayed["identical"] is True


def forged_payer():
    """A payer's statement that is not the other side of its payees' is found by `verify`."""
    book = open_book(str(FOLDER / "platform.db"), readonly=True)
    with book.reading() as connection:
        period = closed_period(connection, *JANUARY, book.head().position)
    book.close()
    assert list(payers_faults(period)) == []
    (payer,) = (one for one in period.issued if one.event.payee == "store:S-1")
    others = [one for one in period.issued if one is not payer]
    lines = payer.event.lines
    rent = next(line for line in lines if line.payee == "creator:C-2")
    less = rent.model_copy(update={"amount": "-40.00"})
    for forged in ([less if line is rent else line for line in lines], [rent]):
        event = payer.event.model_copy(update={"lines": tuple(forged)})
        issued = [*others, payer._replace(event=event)]
        (fault,) = payers_faults(replace(period, issued=issued))
        assert "store:S-1 says" in fault, fault


def books_of_each_side():
    """Each line in three books, equal and opposite."""
    assert accounts("platform") == {
        "Assets:Cash": "50.00 CNY",
        "Assets:Receivable:store:S-1": "5.00 CNY",
        "Liabilities:Payable:creator:C-1": "-5.00 CNY",
        "Liabilities:Payable:creator:C-2": "-50.00 CNY",
    }
    for book, entity in (("store", "store:S-1"), ("creator", "creator:C-1")):
        opened(book, entity)
        close_and_look(book)
    assert accounts("store") == {
        "Expenses:Rent:toys-2026": "60.00 CNY",
        "Liabilities:Payable:platform": "-60.00 CNY",
    }
    assert accounts("creator") == {
        "Assets:Receivable:platform": "10.00 CNY",
        "Income:Rent:toys-2026": "-10.00 CNY",
    }
    assert answer("store", "journal")


def reconciled():
    path = FOLDER / "theirs.csv"
    path.write_text(
        "line,amount,currency,outcome\n"
        "toys-2026/2026-01/BEAR/rent,10.00,CNY,\n"
        "toys-2026/2026-01/TRAIN/rent,49.00,CNY,\n"
        "toys-2026/2026-01/BALL/rent,5.00,CNY,\n"
        "toys-2026/2026-01/BEAR/permit,,,granted\n"
        "toys-2026/2026-01/TRAIN/permit,,,granted\n",
        encoding="utf-8",
    )
    found = answer("platform", "reconcile", *JANUARY, "--against", str(path), code=3)
    breaks = {short(one["break"]): one for one in found["breaks"]}
    assert set(breaks) == {
        "TRAIN/rent#amount_differs",
        "TRAIN/permit#outcome_differs",
        "BALL/permit#missing_theirs",
    }
    permit = breaks["TRAIN/permit#outcome_differs"]
    assert (permit["ours"], permit["theirs"], permit["difference"]) == ("declined", "granted", None)
    assert [one["because"] for one in permit["likely"]] == ["too_dear", "cheap_minor"]
    call("platform", "reconcile", *JANUARY, "--against", str(path), "--keep", "--by", "lin", code=3)
    common = ("--as", "accept_theirs", "--reason", "agreed", "--by", "lin")
    for name in ("TRAIN/permit#outcome_differs", "TRAIN/rent#amount_differs"):
        answer("platform", "reconcile", *JANUARY, "--resolve", f"toys-2026/2026-01/{name}", *common)
    payee = answer("platform", "statement", *JANUARY, "--payee", "creator:C-2")
    assert [one["due"] for one in payee["statements"]] == ["49.00"]
    payer = answer("platform", "statement", *JANUARY, "--payee", "store:S-1")
    assert [one["due"] for one in payer["statements"]] == ["-64.00"]


def second_version():
    """A changed rule is a second function: the closed month replays under the first."""
    terms = call("platform", "programs", "toys-2026", "--format", "toml")
    changed = terms.replace("rules_version = 1", "rules_version = 2").replace(
        'publisher = "duebook"', 'publisher = "acme"'
    )
    (FOLDER / "second.toml").write_text(changed, encoding="utf-8")
    answer("platform", "publish", str(FOLDER / "second.toml"), "--by", "lin")
    settled = answer("platform", "settle", *JANUARY, "--fresh")
    assert (settled["rules_version"], settled["totals"]) == (2, {"CNY": "68.00"})
    settled = answer("platform", "settle", *JANUARY)
    assert (settled["stands"], settled["rules_version"]) == ("issued", 1)
    assert settled["totals"] == {"CNY": "64.00"}, "with the figure that was accepted"
    assert answer("platform", "replay", *JANUARY)["identical"] is True
    assert answer("platform", "adjust", *JANUARY, "--dry-run")["adjustments"] == []


def seen():
    odd = answer("platform", "report", "exceptions")
    assert [(one["code"], one["program"]) for one in odd] == [("returned_late", "toys-2026")]
    rows = {(one["statement"], one["due"]) for one in answer("platform", "report", "statements")}
    assert ("toys-2026/2026-01/store:S-1", "-64.00") in rows
    assert FACTS[1].keys() <= describe("ToyRented")["example"].keys()
    for book in ("platform", "store", "creator"):
        assert answer(book, "verify")["ok"] is True, answer(book, "verify")


tell_and_settle()
close_and_look("platform")
statements()
adjusted()
forged_payer()
books_of_each_side()
reconciled()
second_version()
seen()
print("every command works on a program that came as a folder")
