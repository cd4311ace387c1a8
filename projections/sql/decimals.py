"""Amounts as decimals in a statement: next to each column of minor units a decimal one.

PostgreSQL and DuckDB have exact decimals. SQLite has none: there an amount is a text that can only
be shown, and a statement that does more with it is run by DuckDB.
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
    """A SELECT over a view's table (or `table`) with decimals next to minor units."""
    shown = []
    for column in columns:
        shown.append(f'"{column.name}"')
        if column.name.endswith(MINOR):
            amount = decimal(f'"{column.name}"', '"currency"', dialect)
            shown.append(f'{amount} AS "{column.name.removesuffix(MINOR)}"')
    return f'SELECT {", ".join(shown)} FROM "{table or name}"'


def decimal(minor: str, currency: str, dialect: str) -> str:
    """An exact expression for an amount; NULL where there is no currency."""
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
    """The SELECTs that replace the tables of a statement, for those that have decimals."""
    columns_of = {name: views[name].columns() for name in tables_named(sql, dialect) & set(views)}
    return {
        name: source_of(name, columns, dialect)
        for name, columns in columns_of.items()
        if decimals_of(columns)
    }


def reckons(sql: str, dialect: str, views: Mapping[str, View]) -> bool:
    """Whether a statement does more with decimal amounts than show them.

    They are merely shown as columns of its only SELECT, by name or by `*`; an expression, a
    condition, an order or an enclosing query does more.
    """
    from sqlglot import exp

    tree = parsed(sql, dialect)[1]
    named = {folded(node.this) for node in tables_in(tree)} & set(views)
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
    return any(isinstance(node, exp.Literal) for part in by_place if part for node in part.walk())


def _mentions(tree: Any, names: Collection[str]) -> Iterator[Any]:
    """The parts of a statement that are decimal amounts, or may be: `*` is all columns."""
    from sqlglot import exp

    for node in tree.find_all(exp.Star):
        if not isinstance(node.parent, exp.Count):
            yield node.parent if isinstance(node.parent, exp.Column) else node
    for node in tree.find_all(exp.Identifier):
        if node.name.lower() in names and not isinstance(node.parent, exp.Alias | exp.Table):
            yield node.parent if isinstance(node.parent, exp.Column) else node
