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
    "item",
    "product",
    "creator",
)
IDS = ("order_id", "store", "item", "product", "creator")
OPTIONAL = ("refunded", "updated_at", "item", "product", "creator")
"""A file may lack these: nothing refunded so far, unchanged since it was created, an order in one
row, of no product or creator that anybody asks about."""
KEY = ("store", "order_id", "item")
"""What a row is known by."""
MAY_BE_EMPTY = ("item", "product", "creator")
"""Columns that a row may lack; an archived file in which all rows do has none."""
KEY_HASH = f"(hash({', '.join(KEY)}) >> 1)::BIGINT"
"""In SQL, as a whole number that every engine has."""

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
    "item",
    "product",
    "creator",
)
"""Columns of a relation of checked lines, as the intake leaves and the archive takes them."""

CONTENT = tuple(name for name in STAGED if name not in ("source_file", "source_row"))
"""What a version of a row says."""
DATED = "dated"
"""Beside them in what the intake leaves: whether the row itself says when it was changed."""
