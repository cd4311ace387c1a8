"""Which account writes, on which machine: asked of the system, not of the environment, which
anybody may set to anything."""

import os
import socket
from functools import cache

from sqlalchemy import Connection

from ledger.aggregates.writing import Actor


@cache
def account() -> str:
    """The account that this process runs as; `uid-N` where it has no name."""
    try:
        import pwd

        return _text(pwd.getpwuid(os.geteuid()).pw_name)
    except ImportError:  # where accounts have no numbers
        import getpass

        return _text(getpass.getuser())
    except KeyError:
        return f"uid-{os.geteuid()}"


@cache
def host() -> str | None:
    """The machine's name; None where it has none."""
    return _text(socket.gethostname()) or None


def actor_on(connection: Connection) -> Actor:
    """Who writes through a connection: on a server also the role that logged in there."""
    role = None
    if connection.dialect.name != "sqlite":
        role = connection.exec_driver_sql("SELECT session_user").scalar_one()
    return Actor(account=account(), host=host(), role=role)


def _text(name: str) -> str:
    """A name in a form that UTF-8 can hold."""
    return name.encode("utf-8", "backslashreplace").decode()
