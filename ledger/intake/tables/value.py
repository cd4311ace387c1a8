"""A column of ours over the cells of a file, as SQL."""

from typing import NamedTuple

from ledger.intake.tables.mapping import Kind


class Value(NamedTuple):
    """One of our columns: the expression of its value, NULL where there is none; that of the raw
    cell, NULL where it is blank; and whether the value is a plain cell, which its reader tidies."""

    sql: str
    raw: str
    kind: Kind
    plain: bool = False
    units: tuple[str, ...] = ()
    """For an amount: the currencies written in its cells, each NULL where there is none."""
