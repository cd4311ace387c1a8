"""Order lines: their columns, in the order of the contract, and the values these may have.

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
"""A file may lack these columns; then nothing was refunded, the order has not changed since it was
created, it is one row, and its product and creator are not given."""
KEY = ("store", "order_id", "item")
"""What identifies a row."""
MAY_BE_EMPTY = ("item", "product", "creator")
"""Columns that may be empty in a row; an archived file in which one is always empty omits it."""
KEY_HASH = f"(hash({', '.join(KEY)}) >> 1)::BIGINT"
"""A hash of the key in SQL, as a whole number that every engine can hold."""

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
"""Columns of a relation of checked lines, as the intake produces and the archive accepts it."""

CONTENT = tuple(name for name in STAGED if name not in ("source_file", "source_row"))
"""The content of one version of a row."""
DATED = "dated"
"""One more column of the intake's output: whether the row itself says when it was changed."""
