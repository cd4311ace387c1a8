"""One file per command, imported when the command is used; heavy imports stay inside functions."""

from importlib import import_module
from typing import Any

import click

MODULES = {
    "init": "init",
    "status": "status",
    "record": "record",
    "orders": "orders",
    "facts": "facts",
    "files": "files",
    "withdraw": "withdraw",
    "publish": "publish",
    "programs": "publish",
    "settle": "settle",
    "explain": "explain",
    "close": "close",
    "statement": "statement",
    "pay": "pay",
    "adjust": "close",
    "lock": "pay",
    "replay": "replay",
    "reconcile": "reconcile",
    "journal": "journal",
    "balances": "journal",
    "log": "log",
    "show": "log",
    "report": "report",
    "query": "report",
    "serve": "serve",
    "verify": "verify",
    "checkpoint": "evidence",
    "proof": "evidence",
    "check": "evidence",
    "cosign": "evidence",
    "stamp": "stamp",
    "evidence": "evidence_package",
    "rebuild": "report",
    "export": "upgrade",
    "upgrade": "upgrade",
}
"""Every command and its file, in the order in which they are listed."""


def command(name: str) -> click.Command:
    """A command by its name."""
    command: click.Command = getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
    return command


def __getattr__(name: str) -> Any:
    """`COMMANDS`: all of them."""
    if name == "COMMANDS":
        return tuple(map(command, MODULES))
    raise AttributeError(name)
