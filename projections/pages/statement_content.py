"""What a payee's statement says, ready to be printed: its own lines, in plain words, nothing of
others. The page and the PDF print the same content; neither decides anything.

The figures are those of the `statement` answer for one statement; codes are put into words, in one
language or in two. Every text is visible and final; a template escapes it and adds nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ledger.kernel.shown import visible
from projections.issued.mark import mark_of
from projections.pages.names import ID_LONG
from projections.pages.voice import Addressed, Voice, money

FLOWS = ("brought_forward", "issued", "adjusted", "carried_forward", "due", "paid", "open")
ALWAYS = ("due", "paid", "open")
GROUP = 4
VERIFY = "duebook verify --statement FILE"
"""What the issuer types; FILE is the statement that carries it."""
Row = dict[str, Any]


class Cell(NamedTuple):
    """A cell of a table. `kind`: `n` a number, `c` its currency, `d` a day, `i` an id that is not
    broken, else what it means."""

    text: str
    kind: str = ""


class Table(NamedTuple):
    """A table with its title. The heads' kinds are those of their columns."""

    name: str
    title: str
    heads: list[Cell]
    rows: list[list[Cell]]


class Stepped(NamedTuple):
    """A step of an explanation: what it came to, whether it is met, and its parts."""

    label: str
    amount: str
    state: str
    kind: str
    """Of the state: `met`, `unmet`, `open`, or nothing."""
    details: list[tuple[str, str]]
    """What was required and observed, and the clause, each with its label."""
    parts: list["Stepped"]


class Explained(NamedTuple):
    """A line with its amount and the steps to it."""

    title: str
    amount: str
    steps: Stepped


@dataclass(frozen=True)
class Content:
    """A statement in the order in which it is read."""

    languages: list[str]
    title: str
    heading: str
    fields: list[tuple[str, str]]
    summary: str
    flows: list[tuple[str, Cell, Cell]]
    """A label, an amount and its currency; none for what facts pay."""
    note: str
    """How a negative amount is read, where there is one."""
    tables: list[Table]
    why: str
    explained: list[Explained]
    seal: tuple[str, str]
    checks: list[tuple[str, str]]
    """What a command shows, and the command."""
    mark: str
    """Not printed: what the issuer's book reads out of the file."""


def fingerprint(answer: Row) -> str:
    """The digest of the statement's fingerprint, in groups that can be compared by eye."""
    own = answer["fingerprint"]["sha256"]
    return " ".join(own[at : at + GROUP] for at in range(0, len(own), GROUP))


def party_of(answer: Row) -> str:
    """Whose statement it is."""
    rows = answer["statements"] or answer["lines"] or answer["adjustments"]
    return str(rows[0]["payee"])


def recipient(answer: Row, name: str) -> str:
    """The party with its recorded name."""
    return visible(", ".join(filter(None, [name, party_of(answer)])))


def how_to_check(answer: Row, statement: str, voice: Voice) -> Iterator[tuple[str, str]]:
    """The commands with which the issuer checks this file, and shows the same amounts and the same
    fingerprint again; each with what it does."""
    asked = answer["asked"]
    as_of = f" --as-of {asked['as_of']}" if asked["as_of"] else ""
    again = visible(f"duebook statement {statement}{as_of} --known-at {asked['known_at']}")
    yield voice.label("check"), VERIFY
    yield voice.label("shown_again"), again


def flows(answer: Row) -> Iterator[tuple[str, str, str]]:
    """The name, amount and currency of each flow that a statement shows: a zero only of what
    everybody looks for, and nothing of what facts pay."""
    for flow in FLOWS:
        amounts = [(row[flow], row["currency"]) for row in answer["statements"]]
        is_moved = any(amount is not None and amount.strip("-0.") for amount, _ in amounts)
        for amount, currency in amounts:
            if amount is not None and (flow in ALWAYS or is_moved):
                yield flow, amount, currency


def owes(answer: Row) -> bool:
    """Whether the recipient owes something, so that an amount due is below zero."""
    return any((row["due"] or "").startswith("-") for row in answer["statements"])


def held(answer: Row) -> Iterator[tuple[str, Row]]:
    """The money held at the month's start and at its end: when, and what there was."""
    for pot in answer.get("pots", ()):
        for at in ("at_start", "at_cut"):
            if at in pot:
                yield at, pot[at] | {"payee": pot["payee"]}


def content(answer: Row, to: Addressed) -> Content:
    """The content of a `statement` answer that is of one statement."""
    voice = to.voice
    number = visible(to.statement)
    return Content(
        languages=list(voice.languages),
        title=f"{voice.label('statement')} {number}",
        heading=voice.label("statement"),
        fields=[
            (voice.label("to"), recipient(answer, to.name)),
            (voice.label("number"), number),
            (voice.label("period"), f"{answer['period']['from']} – {answer['period']['to']}"),
            (voice.label("issued_on"), voice.day(answer["issued_at"])),
        ],
        summary=voice.label("summary"),
        flows=[
            (voice.label(flow), *_sum(amount, currency)) for flow, amount, currency in flows(answer)
        ],
        note=voice.label("negative") if owes(answer) else "",
        tables=[
            table
            for table in (
                _lines(answer, voice),
                _adjustments(answer, voice),
                _payments(answer, voice),
                _held(answer, voice),
                _obligations(answer, voice),
            )
            if table.rows or table.name == "lines"
        ],
        why=voice.label("why"),
        explained=list(_explained(answer, voice)),
        seal=(voice.label("fingerprint"), fingerprint(answer)),
        checks=list(how_to_check(answer, to.statement, voice)),
        mark=mark_of(answer, voice.languages),
    )


def _sum(amount: str | None, currency: str | None) -> tuple[Cell, Cell]:
    return Cell(money(amount), "n"), Cell(currency or "", "c")


def _id(name: str) -> Cell:
    """An id; a long one may be broken, so that it leaves room for what stands beside it."""
    text = visible(name)
    return Cell(text, "i" if len(text) <= ID_LONG else "")


def _heads(voice: Voice, *columns: str) -> list[Cell]:
    """The heads of columns: `amount:n` is a number; of a currency nothing is said."""
    pairs = (column.partition(":") for column in columns)
    return [Cell(voice.label(name) if name else "", kind) for name, _, kind in pairs]


def _lines(answer: Row, voice: Voice) -> Table:
    rows = [
        [
            _id(line["line"]),
            _id(line["subject"]),
            Cell(voice.label_or_word(line["outcome"]), line["outcome"]),
            Cell(voice.reasons([*line["unmet"], *line["held_for"]])),
            *_sum(line["amount"], line["currency"]),
        ]
        for line in answer["lines"]
    ]
    heads = _heads(voice, "line", "subject", "outcome", "reason", "amount:n", ":c")
    return Table("lines", voice.label("lines"), heads, rows)


def _adjustments(answer: Row, voice: Voice) -> Table:
    rows = []
    for row in answer["adjustments"]:
        codes = map(voice.word, [*row.get("unmet", ()), *row.get("held_for", ())])
        reason = "\n".join([*codes, visible(row.get("why", ""))])
        rows.append(
            [
                Cell(voice.day(row["issued_at"]), "d"),
                _id(row["line"]),
                Cell(voice.label_or_word(row["outcome"]), row["outcome"]),
                Cell(reason),
                Cell(money(row["was"]), "n"),
                *_sum(row["now"], row["currency"]),
            ]
        )
    heads = _heads(voice, "day", "line", "outcome", "reason", "was:n", "now:n", ":c")
    return Table("adjustments", voice.label("adjustments"), heads, rows)


def _payments(answer: Row, voice: Voice) -> Table:
    rows = [
        [
            Cell(voice.bank_day(row), "d"),
            Cell(visible(row["ref"])),
            *_sum(row["amount"], row["currency"]),
        ]
        for row in answer["payments"]
    ]
    heads = _heads(voice, "day", "reference", "amount:n", ":c")
    return Table("payments", voice.label("payments"), heads, rows)


def _held(answer: Row, voice: Voice) -> Table:
    rows = [
        [
            Cell(voice.label(at)),
            Cell(voice.day(balance["instant"]), "d"),
            Cell(money(balance["balance"]), "n"),
            Cell(money(balance["uncovered"]), "n"),
        ]
        for at, balance in held(answer)
    ]
    heads = _heads(voice, "held_at", "day", "balance:n", "uncovered:n")
    return Table("held", voice.label("held_money"), heads, rows)


def _obligations(answer: Row, voice: Voice) -> Table:
    rows = [
        [
            Cell(visible(owed["obligation"])),
            Cell(voice.label_or_word(owed["state"])),
            Cell(owed["due"] or "", "d"),
            Cell(str(owed.get("missing", "")), "n"),
            Cell(str(owed.get("made_up", "")), "n"),
            *(_sum(owed["amount"], owed["currency"]) if "amount" in owed else (Cell(""), Cell(""))),
        ]
        for owed in answer["obligations"]
    ]
    columns = ("obligation", "state", "due_on", "missing:n", "made_up:n", "amount:n", ":c")
    return Table("obligations", voice.label("obligations"), _heads(voice, *columns), rows)


def _explained(answer: Row, voice: Voice) -> Iterator[Explained]:
    """Each line as issued, then each adjusted line as it stands since."""
    for line in answer["lines"]:
        if line["explanation"]:
            amount = f"{money(line['amount'])} {line['currency'] or ''}".strip()
            yield Explained(visible(line["line"]), amount, _step(line["explanation"], voice))
    for row in answer["adjustments"]:
        if row.get("explanation"):
            amount = f"{money(row['now'])} {row['currency'] or ''}".strip()
            when = f"({voice.label('adjusted')}, {voice.day(row['issued_at'])})"
            title = f"{visible(row['line'])} {when}"
            yield Explained(title, amount, _step(row["explanation"], voice))


def _step(tree: Row, voice: Voice) -> Stepped:
    kind, state = "", ""
    if "pending" in tree:
        kind, state = "open", f"{voice.label('pending')}: {voice.word(tree['pending'])}"
    elif "met" in tree:
        kind = "met" if tree["met"] else "unmet"
        state = voice.label(kind)
    details = ("required", "observed", "clause")
    return Stepped(
        label=visible(tree["label"]),
        amount=f"{money(tree['amount'])} {tree['currency']}" if "amount" in tree else "",
        state=state,
        kind=kind,
        details=[(voice.label(name), visible(tree[name])) for name in details if name in tree],
        parts=[_step(part, voice) for part in tree["parts"]],
    )
