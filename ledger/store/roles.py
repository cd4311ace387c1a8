"""The script of three roles for a book on a server: owner, writer, reader."""

import re
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import make_url

from ledger.kernel.errors import ForeignBook
from ledger.store.book import is_url
from ledger.store.rights import WRITTEN
from ledger.store.schema import metadata

_PLAIN = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SEARCHED = re.compile(r"search_path\s*=\s*([^\s]+)")
_SCRIPT = Path(__file__).with_name("roles.sql")


def roles_script(location: str) -> str:
    """What an administrator runs so that each role may do what it needs to, and no more.

    For the schema of the book at that URL: the first of its `search_path`, else `public`. Raises
    `ForeignBook` for a schema whose name would have to be quoted.
    """
    schema = _schema_of(location)
    if not _PLAIN.fullmatch(schema):
        raise ForeignBook(
            f"The script is not written for a schema named {schema!r}.",
            "Keep books in a schema whose name is small letters, digits and _, or in public.",
        )
    script = _SCRIPT.read_text(encoding="utf-8")
    return script.format(schema=schema, tables=_listed(metadata.tables), written=_listed(WRITTEN))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _schema_of(location: str) -> str:
    options = make_url(location).query.get("options", "") if is_url(location) else ""
    match = _SEARCHED.search(options if isinstance(options, str) else " ".join(options))
    return match[1].split(",")[0].strip('"') if match else "public"
