"""A column of ours over the cells of a file, as SQL."""

from typing import NamedTuple

from ledger.intake.tables.mapping import Kind


class Value(NamedTuple):
    """A column of ours: the expression of its value, NULL where it is none; that of what stands in
    the file, NULL where nothing does; and whether the value is a plain cell, tidied by whoever
    reads it."""

    sql: str
    raw: str
    kind: Kind
    plain: bool = False
    units: tuple[str, ...] = ()
    """Of an amount the currencies that stand in its cells, each NULL where none does."""
