"""What programs that settle by order ask of order lines: an expression, for whichever engine."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import ibis.expr.types as ir

Expression = Callable[[Any], "ir.Table"]
"""Builds an expression over `orders` and small tables from a setting that is a value."""


class OrderQuestion(NamedTuple):
    """Some columns of an expression, in an order."""

    built: Expression
    setting: Any
    columns: tuple[str, ...]
    order: tuple[str, ...] = ()
    """The columns to sort by, smallest first."""

    def sql(self, dialect: str, quote: str) -> str:
        """The question in SQL: a dialect as Ibis names it, and what it puts around names."""
        listed = ", ".join(f"{quote}{name}{quote}" for name in self.columns)
        order = f" ORDER BY {', '.join(self.order)}" if self.order else ""
        return f"SELECT {listed} FROM ({compiled(self.built, self.setting, dialect)}){order}"

    @property
    def types(self) -> dict[str, dict[str, str]]:
        """The columns of the tables that the expression joins, each `string` or `int64`."""
        from ibis.expr.operations import UnboundTable

        nodes = self.built(self.setting).op().find(UnboundTable)
        return {
            node.name: {name: str(kind) for name, kind in node.schema.items()} for node in nodes
        }


@lru_cache(maxsize=128)
def compiled(built: Expression, setting: Any, dialect: str = "duckdb") -> str:
    """An expression as SQL of an engine."""
    import ibis

    return str(ibis.to_sql(built(setting), dialect=dialect))
