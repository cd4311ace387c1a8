"""Files of an archive in an S3 store: put if absent, fetched whole.

The keys to the store come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what
else the cloud gives a machine); nothing of them is kept or shown.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from ledger.kernel.errors import MissingExtra
from ledger.store.archive.refusals import ArchiveMissing, ArchiveUnwritable

MARK = "duebook.txt"
MARKED = b"Order files of duebook, each named by the digest of its bytes. Never replaced.\n"
RETRIES = 2
RETRY_SECONDS = 20
CONNECT_SECONDS = 5
FILE_MINUTES = 30
"""How long one file may be on its way."""
SAID_MAX = 200
_CODE = re.compile(r"<Code>(\w+)</Code>")


class Objects:
    """Files by their names: those of an archive, or of something else that is named so in what is
    said. Raises `MissingExtra` without the library."""

    def __init__(self, url: str, what: str = "archive", marked: bytes = MARKED) -> None:
        self._what, self._marked = what, marked
        try:
            from obstore.store import S3Store
        except ModuleNotFoundError:
            raise MissingExtra(
                f"The {what} in an object store needs obstore, which is not installed.",
                "Install it with: pip install 'duebook[s3]'",
            ) from None
        parts = urlsplit(url)
        said = dict(parse_qsl(parts.query))
        self._plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
        endpoint = said.get("endpoint")
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            client_options={
                "allow_http": bool(endpoint and endpoint.startswith("http://")),
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(minutes=FILE_MINUTES),
            },
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            },
            **said,  # type: ignore[arg-type]  # endpoint and region, which were checked
        )

    def url_of(self, name: str) -> str:
        """Where a file is."""
        return f"{self._plain}/{name}"

    def put_new(self, file: "Path | bytes", name: str = "") -> bool:
        """Puts a file under its name; False, and nothing done, where one of that name is there.

        Raises `ArchiveMissing` for a store that cannot be reached or does not take it.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError

        key = name or (file.name if isinstance(file, Path) else MARK)
        try:
            with self._reached():
                obstore.put(self._store, key, file, mode="create")
        except AlreadyExistsError:
            return False
        except FileNotFoundError as error:  # there is no such bucket
            raise self._missing(error) from None
        return True

    def get(self, name: str, into: Path) -> int | None:
        """Writes a file's bytes; answers how many there are, None for a file that is not there.
        Raises `ArchiveMissing`."""
        import obstore

        with into.open("wb") as file, self._reached():
            try:
                parts = obstore.get(self._store, name).stream()
            except FileNotFoundError as error:  # so the library says that it is not in the store
                if "NoSuchBucket" in str(error):
                    raise self._missing(error) from None
                return None
            return sum(file.write(part) for part in parts)

    def has(self, name: str) -> bool:
        """Whether a file of that name is there. Raises `ArchiveMissing`."""
        import obstore

        with self._reached():
            try:
                obstore.head(self._store, name)
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise self._missing(error) from None
                return False
        return True

    def names(self, below: str = "") -> list[str]:
        """What is there, or below a name: files and the first parts of longer names. Raises
        `ArchiveMissing`."""
        import obstore

        with self._reached():
            try:
                listed = obstore.list_with_delimiter(self._store, below or None)
            except FileNotFoundError as error:  # there is no such bucket
                raise self._missing(error) from None
        paths = [*listed["common_prefixes"], *(each["path"] for each in listed["objects"])]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    def prove(self) -> None:
        """Leaves a mark, and sees that the store does not let it be replaced."""
        self.put_new(self._marked)
        if self.put_new(self._marked):
            raise ArchiveUnwritable(
                f"{self._plain} replaces what is there: the store takes no condition "
                "(If-None-Match).",
                f"Name a store that does: nothing in {_a(self._what)} is ever replaced.",
                folder=self._plain,
            )

    @contextmanager
    def _reached(self) -> Iterator[None]:
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            yield
        except AlreadyExistsError:
            raise
        except BaseError as error:
            raise self._missing(error) from None

    def _missing(self, error: Exception) -> ArchiveMissing:
        sentence = f"The {self._what} {self._plain} cannot be reached: {_why(error)}."
        return ArchiveMissing(sentence, archive=self._plain)


def _a(what: str) -> str:
    return f"{'an' if what[0] in 'aeio' else 'a'} {what}"


def _why(error: Exception) -> str:
    """What the store said, or what kept it from being asked, in a few words."""
    text = " ".join(str(error).partition("\n\nDebug source")[0].split())
    code = _CODE.search(text)
    said = text.rpartition(" - ")[2].partition(": <?xml")[0]
    return f"{said}, {code[1]}" if code else said[:SAID_MAX].rstrip(".")
