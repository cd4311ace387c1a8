"""The platform's file in any format, by line or by order, read once."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from ledger.intake.platform import canonical, mapped_file, orderfile
from ledger.intake.platform.how import How
from ledger.intake.platform.orderfile import Load, OrderFile
from ledger.intake.platform.rows import PlatformFile
from ledger.intake.tables.plain_file import is_our_csv
from ledger.intake.tables.table import Progress
from ledger.intake.unchanged_file import Watched
from ledger.kernel.clocks import Clocks
from ledger.store.archive.connection import connect
from ledger.store.scratch import Scratch
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.reconcile import reconcile, reconcile_orders
from ledger.usecases.reconciling.tolerance import NO_TOLERANCE, Tolerance

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


OUR_HEADERS = How()


class Given(NamedTuple):
    """The rows of a file by line, or the loader of a file by order, which reads it into the
    database that holds our orders."""

    rows: PlatformFile | None
    load: Load | None


@contextmanager
def platform_file(
    path: str,
    how: How,
    *,
    flip_sign: bool,
    progress: Progress = lambda what, more: None,
) -> Iterator[Given]:
    """Opens a file. A CSV with our own headers is read directly, without a mapping.

    Raises `MissingFile`, `FileChanged`, `BadPlatformFile`, and refusals of `intake.tables`.
    """
    if how == OUR_HEADERS and is_our_csv(Path(path)):
        yield _ours(path, flip_sign=flip_sign)
        return
    with Scratch() as folder, Watched(Path(path)) as watched:
        connection = connect(folder)
        try:
            mapped = mapped_file.opened_file(connection, path, how, folder, progress)
            if mapped_file.is_by_order(mapped):
                load = partial(mapped_file.load_orders, mapped=mapped, digest=watched.finish)
                yield Given(None, partial(load, flip_sign=flip_sign))
                return
            yield Given(mapped_file.rows_of(connection, mapped, watched.finish), None)
        finally:
            connection.close()


def _ours(path: str, *, flip_sign: bool) -> Given:
    if not orderfile.is_by_order(path):
        return Given(canonical.read(path), None)

    def load(database: "DuckDBPyConnection") -> OrderFile:
        with Watched(Path(path)) as watched:
            return orderfile.load(database, path, watched.finish, flip_sign=flip_sign)

    return Given(None, load)


def reconcile_file(
    connection: Connection,
    program: str,
    period: str | None,
    path: str,
    clocks: Clocks,
    *,
    how: How = OUR_HEADERS,
    flip_sign: bool = False,
    tolerance: Tolerance = NO_TOLERANCE,
    progress: Progress = lambda what, more: None,
) -> Reconciliation:
    """Compares a file of the platform: order by order where it names orders, else line by line.

    Raises what `platform_file`, `reconcile` and `reconcile_orders` raise.
    """
    asked = (connection, program, period)
    with platform_file(path, how, flip_sign=flip_sign, progress=progress) as given:
        if given.rows is not None:
            return reconcile(
                *(*asked, given.rows, clocks), flip_sign=flip_sign, tolerance=tolerance
            )
        assert given.load is not None, "a file is by line or by order"
        return reconcile_orders(
            *(*asked, given.load, clocks),
            store=how.store,
            flip_sign=flip_sign,
            tolerance=tolerance,
        )
