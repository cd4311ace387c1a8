"""What is reported when the database server goes away in the middle of something."""

import logging
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

from ledger.kernel.errors import ServerLost

_COMMITTING = "duebook_committing"


def tell_when_lost(engine: Engine) -> None:
    """Has each statement and commit that loses its server raise `ServerLost`, which says whether
    what the transaction did is recorded.

    The drivers' own log messages are kept off standard error.
    """
    for name in ("psycopg", "sqlalchemy.pool"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    event.listen(engine, "begin", _begins)
    event.listen(engine, "commit", _commits)
    event.listen(engine, "handle_error", _lost)


def _begins(connection: Connection) -> None:
    connection.info[_COMMITTING] = False


def _commits(connection: Connection) -> None:
    connection.info[_COMMITTING] = True


def _lost(context: ExceptionContext) -> ServerLost | None:
    """None leaves the error as it is: one that a server has answered."""
    connection: Any = context.connection
    failed_to_connect = connection is None and isinstance(
        context.sqlalchemy_exception, OperationalError
    )
    if not failed_to_connect and not context.is_disconnect:
        return None
    # Where another connection is given back on the way out, what was reported first is still true.
    before = context.original_exception.__context__
    while before is not None:
        if isinstance(before, ServerLost):
            return before
        before = before.__context__
    said = (str(context.original_exception).strip().splitlines() or ["no reason given"])[0]
    committing = connection is not None and connection.info.get(_COMMITTING, False)
    return ServerLost(said.rstrip("."), known=not committing)
