"""What a reconciliation asks again, to the letter: a text per program, in the contract's order.

A line is one change: why, the detail, and what differs from the published terms. Texts are
written with `DUEBOOK_GOLDEN=write`, as those of `explain` are.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import EARLIEST, LATEST, local, parse_instant
from ledger.programs.contract import Asked
from ledger.programs.edition import Edition
from ledger.programs.registry import checked, order_rules_of, shipped
from ledger.programs.variants import Variant, with_terms
from ledger.store.book import open_book
from ledger.store.reader import LogReader
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.editions import edition_at

FOLDER = Path(__file__).parent / "variants"
OTHERWISE = {
    "growth": {"gmv_basis": "settled", "gmv_refunds": "ignore", "tiers": {"roas_short": "0.50"}},
    "recruiting": {"first_sale_within_days": 0, "gmv_window": "term", "rate_day": "settlement"},
    "star_map": {"payer": "creator"},
    "technical_fee": {"refunds": "ignore", "revoked": "from_onboarding"},
}
"""A second edition of each program, in which other readings are already taken."""


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
def test_the_changes_of_a_program_are_these(rules: str) -> None:
    """In this order: the first that gives the platform's figure is named first."""
    module = import_module(f"ledger.programs.{rules}.variants")
    lines = (
        line
        for edition in editions_of(rules)
        for line in (
            f"# {edition.publisher}, {edition.zone}",
            *(told(edition, one) for one in module.of(edition)),
        )
    )
    compared(FOLDER / f"{rules}.txt", lines)


@pytest.mark.parametrize("revoked", ["from_its_instant", "from_onboarding"])
def test_the_changes_of_orders_are_these(
    folder_of: Callable[[Edition], Path], revoked: str
) -> None:
    """With the rates and the windows of the discounts that each of them gives every store."""
    plain = next(one for one in shipped() if one.rules == "technical_fee")
    book = open_book(str(folder_of(plain) / "duebook.db"))
    rules = order_rules_of("technical_fee")
    assert rules is not None
    with book.reading() as connection:
        clocks = Clocks(parse_instant("2020-07-01T00:00:00+08:00"), book.head().position)
        edition = with_terms(edition_at(connection, plain.program, clocks.known_at)[0])
        edition = with_terms(edition, revoked=revoked)
        side = rules.order_side(LogReader(connection, clocks), Asked(edition, "2020-05"))
        lines = [f"ours: {tables_told(side.tables)}"]
        for one in side.variants():
            same = "the same expression" if one.sql == side.sql else "another expression"
            lines.append(f"{one.because} | {one.detail} | {same}: {tables_told(one.tables)}")
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
