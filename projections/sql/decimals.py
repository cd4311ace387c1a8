"""Amounts as decimals in a statement: of each column of minor units one beside it.

PostgreSQL and DuckDB have exact decimals. SQLite has none: there an amount is a text that can be
shown, and a statement that does more with it is run by DuckDB.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Column

from ledger.kernel.currencies import COMMODITIES, EXPONENTS
from projections.amounts import MINOR, decimals_of
from projections.base import View
from projections.sql.functions import FUNCTION
from projections.sql.statement import folded, parsed, tables_in, tables_named

USUAL = 2


def source_of(name: str, columns: Collection[Column[Any]], dialect: str, table: str = "") -> str:
    """A SELECT over a table (of another name) with decimals beside minor units."""
    shown = []
    for column in columns:
        shown.append(f'"{column.name}"')
        if column.name.endswith(MINOR):
            amount = decimal(f'"{column.name}"', '"currency"', dialect)
            shown.append(f'{amount} AS "{column.name.removesuffix(MINOR)}"')
    return f'SELECT {", ".join(shown)} FROM "{table or name}"'


def decimal(minor: str, currency: str, dialect: str) -> str:
    """An expression for an amount, exact; none where no money is in it."""
    if dialect == "sqlite":
        return f"{FUNCTION}({minor}, {currency})"
    units: dict[int, list[str]] = {}
    for code, digits in {**EXPONENTS, **COMMODITIES}.items():
        if digits != USUAL:
            units.setdefault(digits, []).append(f"'{code}'")
    cases = " ".join(
        f"WHEN {currency} IN ({', '.join(sorted(codes))}) THEN {_unit(digits)}"
        for digits, codes in sorted(units.items())
    )
    unit = f"CASE WHEN {currency} = '' THEN NULL {cases} ELSE {_unit(USUAL)} END"
    if dialect == "postgres":
        return f"{minor} * ({unit})"
    return f"CAST({minor} AS DECIMAL(19, 0)) * CAST({unit} AS DECIMAL(5, 4))"


def _unit(digits: int) -> str:
    return f"CAST({10**-digits:.{digits}f} AS NUMERIC({digits + 1}, {digits}))"


def sources(sql: str, dialect: str, views: Mapping[str, View]) -> dict[str, str]:
    """What the tables of a statement stand for, where they have decimals."""
    found = {name: views[name].columns() for name in tables_named(sql, dialect) & set(views)}
    return {
        name: source_of(name, columns, dialect)
        for name, columns in found.items()
        if decimals_of(columns)
    }


def reckons(sql: str, dialect: str, views: Mapping[str, View]) -> bool:
    """Whether a statement does more with amounts as decimals than to show them.

    Shown they are as columns of its only SELECT, by name or by `*`; an expression, a condition,
    an order, a query around it does more.
    """
    from sqlglot import exp

    tree = parsed(sql, dialect)[1]
    named = {folded(one.this) for one in tables_in(tree)} & set(views)
    names = {name for table in named for name in decimals_of(views[table].columns())}
    if not names:
        return False
    mentions = list(_mentions(tree, names))
    if not mentions:
        return False
    if not isinstance(tree, exp.Select) or any(mention.parent is not tree for mention in mentions):
        return True
    if any(mention.arg_key != "expressions" for mention in mentions):
        return True
    by_place = (tree.args.get("order"), tree.args.get("group"))
    return any(isinstance(one, exp.Literal) for part in by_place if part for one in part.walk())


def _mentions(tree: Any, names: Collection[str]) -> Iterator[Any]:
    """The parts of a statement that are amounts as decimals, or may be: `*` is all columns."""
    from sqlglot import exp

    for one in tree.find_all(exp.Star):
        if not isinstance(one.parent, exp.Count):
            yield one.parent if isinstance(one.parent, exp.Column) else one
    for one in tree.find_all(exp.Identifier):
        if one.name.lower() in names and not isinstance(one.parent, exp.Alias | exp.Table):
            yield one.parent if isinstance(one.parent, exp.Column) else one
