"""What a reconciliation asks again, to the letter: a text per program, in the contract's order.

A line is one change: why, the detail, what differs from the terms, and under it the lines of
the golden book that come out otherwise. Texts are written with `DUEBOOK_GOLDEN=write`, as those
of `explain` are.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import EARLIEST, LATEST, local, parse_instant
from ledger.programs.contract import Asked, OrderTables
from ledger.programs.edition import Edition
from ledger.programs.registry import checked, program_of, shipped
from ledger.programs.variants import Variant, with_terms
from ledger.store.book import open_book
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import compare, settle
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.editions import edition_at

FOLDER = Path(__file__).parent / "variants"
OTHERWISE = {
    "affiliate_commission": {
        "eligible_when": "order",
        "unapproved": "next_plan",
        "own_accounts": "commission",
        "refunds": "ignore",
    },
    "growth": {
        "gmv_basis": "settled",
        "gmv_refunds": "ignore",
        "tiers": {"roas_short": "0.50"},
        "creator_tiers": ["mid"],
    },
    "recruiting": {"first_sale_within_days": 0, "gmv_window": "term", "rate_day": "settlement"},
    "service_agreement": {
        "gmv_basis": "placed",
        "proration": "days",
        "end_day": "outside",
        "negative_months": "claw_back",
        "needs_certified": True,
    },
    "star_map": {"payer": "creator"},
    "technical_fee": {"refunds": "ignore", "revoked": "from_onboarding"},
}
"""A second edition of each program, in which other readings are already taken."""
ASKED = {
    "affiliate_commission": ("2024-05", "2024-07-01T00:00:00+08:00"),
    "growth": (None, "2026-09-30T00:00:00+08:00"),
    "recruiting": (None, "2026-06-30T00:00:00+08:00"),
    "service_agreement": ("2026-05", "2026-07-01T00:00:00+08:00"),
    "star_map": (None, "2020-11-30T00:00:00+08:00"),
    "technical_fee": ("2020-05", "2020-07-01T00:00:00+08:00"),
}
"""The month and the instant that each book is asked for."""


def compared(path: Path, lines: Iterator[str]) -> None:
    """Compares lines with a text, or writes it."""
    said = "".join(f"{line}\n" for line in lines)
    if os.environ.get("DUEBOOK_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


def editions_of(rules: str) -> Iterator[Edition]:
    """The edition of the golden books, and one whose terms read otherwise, in UTC."""
    file = Path(__file__).parent / "explain" / f"{rules}.toml"
    plain = next(one for one in shipped() if one.rules == rules)
    yield read_terms(str(file)) if file.exists() else plain
    yield checked(with_terms(plain, **OTHERWISE[rules]).model_copy(update={"zone": "UTC"}))


def told(edition: Edition, one: Variant) -> str:
    """A variant as one line."""
    changed: dict[str, Any] = {
        name: value for name, value in one.edition.terms.items() if edition.terms[name] != value
    }
    for name in ("first", "last", "zone"):
        if getattr(edition, name) != getattr(one.edition, name):
            changed[name] = str(getattr(one.edition, name))
    if one.assume:
        changed["assume"] = sorted(one.assume)
    if one.keep:
        changed["keep"] = one.keep.__name__
    return f"{one.because} | {one.detail} | {json.dumps(changed, ensure_ascii=False)}"


@pytest.mark.parametrize("rules", sorted(OTHERWISE))
def test_the_changes_of_a_program_are_these(
    folder_of: Callable[[Edition], Path], rules: str
) -> None:
    """In this order: the first that gives the platform's figure is named first."""
    plain = next(one for one in shipped() if one.rules == rules)
    book = open_book(str(folder_of(plain) / "duebook.db"))
    with book.reading() as connection:
        lines = list(_lines(connection, rules, book.head().position))
    book.close()
    compared(FOLDER / f"{rules}.txt", iter(lines))


def _lines(connection: Connection, rules: str, position: int) -> Iterator[str]:
    month, as_of = ASKED[rules]
    clocks = Clocks(parse_instant(as_of), position)
    for edition in editions_of(rules):
        yield f"# {edition.publisher}, {edition.zone}"
        ours = settle(connection, edition, clocks, period=month)
        for one in import_module(f"ledger.programs.{rules}.variants").of(edition):
            yield told(edition, one)
            more = {"assume": one.assume, "keep": one.keep}
            theirs = settle(connection, one.edition, clocks, period=month, **more)
            for row in compare(ours, theirs):
                was, now = row["was_outcome"], row["now_outcome"]
                name = row["line"].removeprefix(f"{edition.program}/")
                yield f"    {name}: {row['was']} {was} -> {row['now']} {now}"


@pytest.mark.parametrize("revoked", ["from_its_instant", "from_onboarding"])
def test_the_changes_of_orders_are_these(
    folder_of: Callable[[Edition], Path], revoked: str
) -> None:
    """With the rates and the windows of the discounts that each of them gives every store, and
    under it the fees that come out otherwise."""
    plain = next(one for one in shipped() if one.rules == "technical_fee")
    book = open_book(str(folder_of(plain) / "duebook.db"))
    rules = program_of("technical_fee").orders
    assert rules is not None
    with book.reading() as connection:
        clocks = Clocks(parse_instant("2020-07-01T00:00:00+08:00"), book.head().position)
        edition = with_terms(edition_at(connection, plain.program, clocks.known_at)[0])
        edition = with_terms(edition, revoked=revoked)
        reader = LogReader(connection, clocks)
        side = rules.order_side(reader, Asked(edition, "2020-05"))

        def fees(sql: str, tables: OrderTables) -> dict[str, str]:
            session = reader.order_session(
                side.window, None
            )  # keeps the tables of its first question
            assert session is not None
            rows = session.ask(f"SELECT order_id, -due FROM ({sql}) ORDER BY order_id", tables)
            return {name: "none" if fee is None else f"{fee / 100:.2f}" for name, fee in rows}

        plain_fees = fees(side.sql, side.tables)
        lines = [f"ours: {tables_told(side.tables)}", f"    {plain_fees}"]
        for one in side.variants():
            lines.append(f"{one.because} | {one.detail}: {tables_told(one.tables)}")
            found = fees(one.sql, one.tables)
            moved = {name: fee for name, fee in found.items() if fee != plain_fees[name]}
            lines.append(f"    {moved}")
    book.close()
    compared(FOLDER / f"orders-{revoked}.txt", iter(lines))


def tables_told(tables: Mapping[str, Mapping[str, list[object]]]) -> str:
    """Rates as they are, windows as days and hours."""
    rates, stores = tables["rates"], tables["stores"]
    said = [f"{name} {', '.join(map(str, values))}" for name, values in rates.items()]
    for number, store in enumerate(stores["store"]):
        windows = [_instant(stores[name][number]) for name in stores if name != "store"]
        said.append(f"{store} {' '.join(windows)}")
    return "; ".join(said)


def _instant(value: object) -> str:
    assert isinstance(value, int)
    words = {EARLIEST: "ever", LATEST: "never"}
    return words.get(value) or local(value, "Asia/Shanghai")
