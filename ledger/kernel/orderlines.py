"""Words for order lines: their columns, in the order of the contract, and what may stand in them.

Instants are microseconds since the epoch in UTC, amounts whole minor units of their currency.
"""

COLUMNS = (
    "order_id",
    "store",
    "created_at",
    "amount",
    "currency",
    "traffic",
    "channel",
    "payment",
    "category",
    "refunded",
    "updated_at",
)
OPTIONAL = ("refunded", "updated_at")
"""A file may lack these: nothing refunded so far, unchanged since it was created."""

ENUMERATIONS: dict[str, tuple[str, ...]] = {
    "traffic": ("ad", "ordinary"),
    "channel": ("selected_alliance", "other"),
    "payment": ("online", "cod"),
}

STAGED = (
    "source_file",
    "source_row",
    "order_id",
    "store",
    "created_at",
    "amount_minor",
    "currency",
    "traffic",
    "channel",
    "payment",
    "category",
    "refunded_minor",
    "updated_at",
)
"""Columns of a relation of checked lines, as the intake leaves and the archive takes them."""
