"""How a person says that a file of the platform is to be read."""

from typing import NamedTuple

from ledger.intake.tables.mapping import Column, Mapping


class How(NamedTuple):
    """How a file of the platform is read, as the person said."""

    mapping: Mapping | None = None
    """None for our own headers."""
    store: str | None = None
    """The store of a file that does not name one."""
    column: str | None = None
    """The header of the amount that is compared, instead of the mapping's."""
    zone: str | None = None
    fixed: tuple[tuple[str, str], ...] = ()
    """Columns that the file lacks, with one value for all rows."""

    @property
    def effective(self) -> Mapping | None:
        """The mapping with the column that was named."""
        if self.mapping is None or self.column is None:
            return self.mapping
        before = self.mapping.columns.get("amount", (Column(constant="0"),))[0]
        kept = before.model_dump(exclude={"header", "constant", "sum", "less", "join", "unit"})
        amount = Column(header=(self.column,), **kept)
        return self.mapping.model_copy(
            update={"columns": {**self.mapping.columns, "amount": (amount,)}}
        )
