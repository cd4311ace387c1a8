"""Shell completion: programs, periods, lines, payees, statements, reports, accounts, facts.

Names come from the book's index, and from the product's source (`cli.at_a_glance`).
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

import click
from click.shell_completion import BashComplete, add_completion_class

from cli.at_a_glance import declared, fact_types, reports, views
from cli.options import location
from ledger.store import peek

KINDS_OF_ACCOUNTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")


class Bash(BashComplete):
    """Bash ends words at colons: what was typed is joined again, and what is offered leaves out the
    part up to the last colon."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        words: list[str] = []
        for word in (*args, incomplete):
            if words and (word.startswith(":") or words[-1].endswith(":")):
                words[-1] += word
            else:
                words.append(word)
        self._typed = words[-1]
        return words[:-1], words[-1]

    def format_completion(self, item: Any) -> str:
        begun, colon, _ = self._typed.rpartition(":")
        if colon and item.value.startswith(begun + colon):
            item.value = item.value[len(begun) + 1 :]
        return super().format_completion(item)


add_completion_class(Bash)


def _location(context: click.Context) -> str:
    return location(context.params.get("book") or context.find_root().params.get("book"), context)


def _begun(names: Iterable[str], typed: str) -> list[str]:
    return sorted({name for name in names if name.startswith(typed)})


def programs(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Ids of published editions."""
    return peek.names_begun(_location(context), "program", typed)


def months(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Months of the named program, up to now."""
    return _begun(_months(_location(context), _program(context)), typed)


def open_months(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """Months of the named program that are not closed."""
    closed = _closed(context)
    return [month for month in months(context, parameter, typed) if month not in closed]


def closed_months(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Months of the named program that are closed."""
    return _begun(_closed(context), typed)


def _program(context: click.Context) -> str:
    """The named program, in full or by an unambiguous beginning."""
    # After an option that takes a value nothing has been parsed yet.
    words = os.environ.get("COMP_WORDS", "").split()
    typed = context.params.get("program") or next(iter(words[2:3]), "")
    names = peek.names_begun(_location(context), "program", typed)
    return names[0] if len(names) == 1 else typed


def _closed(context: click.Context) -> set[str]:
    program = _program(context)
    streams = peek.streams_indexed(_location(context), "closed-period", program)
    return {stream.rpartition("/")[2] for stream in streams if stream.count("/")}


def _edition(book: str, program: str) -> dict[str, Any]:
    """The last published version of a program; empty where there is none."""
    state = peek.last_state(book, f"terms:{program}", "terms-published")
    edition: dict[str, Any] = json.loads(state)["edition"] if state else {}
    return edition


def _months(book: str, program: str) -> Iterator[str]:
    """The months of an edition that have begun, where it settles by month."""
    edition = _edition(book, program)
    if not edition or not declared(edition["rules"]).by_month:
        return
    year, month = map(int, edition["from"][:7].split("-"))
    last = min(edition.get("to") or "9999", time.strftime("%Y-%m"))
    while (name := f"{year:04}-{month:02}") <= last:
        yield name
        year, month = year + month // 12, month % 12 + 1


def lines(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Programs, then months if lines are named by month, then subjects; or a subject alone."""
    book = _location(context)
    program, slash, rest = typed.partition("/")
    if not slash:
        offered = [f"{name}/" for name in peek.names_begun(book, "program", typed)]
        rules = {published["rules"] for name in peek.names_begun(book, "program", "")
                 if (published := _edition(book, name))}  # fmt: skip
        kinds = {kind for rule in rules for kind in declared(rule).subjects}
        return offered + _things(book, kinds, typed)
    edition = _edition(book, program)
    if not edition:
        return []
    own = declared(edition["rules"])
    if not own.month_in_line:
        return [f"{program}/{name}" for name in _things(book, own.subjects, rest)]
    month, slash, name = rest.partition("/")
    if not slash:
        return [f"{program}/{begun}/" for begun in _begun(_months(book, program), month)]
    return [f"{program}/{month}/{thing}" for thing in _things(book, own.subjects, name)]


def _things(book: str, kinds: Iterable[str], typed: str) -> list[str]:
    """Names of things of some kinds that begin with what is typed."""
    names = [
        stream.partition(":")[2]
        for kind in kinds
        for stream in peek.streams_begun(book, f"{kind}:{typed}")
    ]
    names += [name for kind in kinds for name in peek.names_begun(book, kind, typed)]
    return sorted(set(names))[: peek.NAMES_MAX]


def payees(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Parties that statements were issued to."""
    return peek.names_begun(_location(context), "payee", typed)


def statements(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Ids of statements; or parties, where what is typed begins one."""
    book = _location(context)
    streams = peek.streams_begun(book, f"statement:{typed}")
    names = [stream.partition(":")[2] for stream in streams]
    return names or peek.names_begun(book, "payee", typed)


def programs_and_statements(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[str]:
    """Programs and statements, which `statement` takes."""
    names = [] if "/" in typed or ":" in typed else programs(context, parameter, typed)
    return names or statements(context, parameter, typed)


def accounts(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Accounts that have entries, as far as the read model was brought up to date."""
    sql = "SELECT DISTINCT account FROM balances WHERE account >= ? AND account < ? LIMIT 200"
    rows = peek.peeked(_location(context), sql, (typed, typed + peek.END))
    return sorted(row[0] for row in rows) or _begun(KINDS_OF_ACCOUNTS, typed)


def streams(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Streams of the log."""
    return peek.streams_begun(_location(context), typed)


def breaks(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Breaks of the program's last kept comparisons."""
    book = _location(context)
    ids: list[str] = []
    for stream in peek.streams_indexed(book, "reconciled", _program(context)):
        state = peek.last_state(book, stream, "reconciliation-run")
        ids += [break_["id"] for break_ in json.loads(state)["breaks"]] if state else []
    return _begun(ids, typed)


def facts(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Types of facts."""
    return _begun(fact_types(), typed)


def report_names(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Reports, and the page of a close."""
    return _begun([*reports(), "close"], typed)


def view_names(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Read models."""
    return _begun(views(), typed)
