"""Why an order file cannot be used at all. A bad row is a value instead: `rejected`."""

from ledger.kernel.errors import Refusal


class OrderFileRefused(Refusal):
    """A file of orders that cannot be used as a whole; `facts` names it under `file`."""


class EmptyOrderFile(OrderFileRefused):
    """A file without a row, or without a byte: an export that failed."""

    hint = "Export it again, or leave it out."


class OrderFileNotText(OrderFileRefused):
    """A file that should be CSV and is no UTF-8 text."""

    hint = "Save it as CSV in UTF-8, or as Parquet."


class OrderFileUnreadable(OrderFileRefused):
    """A file whose structure does not hold: truncated, or with quotes that never close."""

    hint = "Export or copy it again; it did not arrive whole."


class NoRoomToRead(OrderFileRefused):
    """Memory or disk for temporary files ran out; the file itself may be fine."""

    hint = "Free some disk space, or name another folder for temporary files."


class UnknownColumn(OrderFileRefused):
    """A column that orders do not have."""


class MissingColumn(OrderFileRefused):
    """A column that every order needs and that neither the file nor an option supplies."""


class DoubledColumn(OrderFileRefused):
    """Two columns of a file, or a column and an option, that mean the same."""


class WrongColumnType(OrderFileRefused):
    """A Parquet column of a type that loses what an order needs: cents, or the zone."""


class BadOrderColumn(Refusal):
    """A value for all rows that no order can have, or of a column that orders do not have."""

    kind = "usage"
