"""Where a book's archive is: in a folder, or in an object store behind a folder of copies.

Readers and writers work on the folder alone. What they need of a store is fetched into it before,
by digest; what they add is put into the store before its event is recorded.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from ledger.kernel.errors import Refusal
from ledger.store.archive.folder import ArchivedFile, arriving, check, digest_of, path_of
from ledger.store.archive.refusals import (
    ArchivedFileAltered,
    ArchivedFileMissing,
    ArchiveUnwritable,
)

if TYPE_CHECKING:
    from ledger.store.archive.objects import Objects

SCHEME = "s3://"
CACHE = "DUEBOOK_CACHE"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PREFIX = re.compile(r"(?:/[\w.!*'()-]+)*/?", re.ASCII)
_ENDPOINT = re.compile(
    r"https?://[\w.-]+(?::\d+)?/?|https?://\[[\da-fA-F:]+\](?::\d+)?/?", re.ASCII
)
_REGION = re.compile(r"[\w-]+", re.ASCII)
_FROM_ENVIRONMENT = {
    "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}


class BadArchive(Refusal):
    """A URL at which nothing can lie: an archive, or a lake."""

    kind = "usage"
    hint = (
        "Write s3://BUCKET/PREFIX, with ?endpoint=https://HOST for a store other than Amazon's; "
        "keys and passwords come from the environment alone."
    )


class Archive:
    """An archive in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def location(self) -> str:
        """Where it is, as a book remembers it."""
        return str(self.folder)

    def fetch(self, files: Iterable[ArchivedFile]) -> None:
        """Brings those files into the folder, if they are elsewhere."""

    def keep(self, digest: str) -> None:
        """Puts a file of the folder where the archive is, if that is elsewhere."""

    def prove(self) -> None:
        """Raises a refusal if the place could not hold an archive: a folder is made when it is
        first written to."""

    def check(self, digest: str) -> int:
        """The size in bytes of a file that has its digest where the archive is. Raises
        `ArchivedFileMissing`, `ArchivedFileAltered` or `ArchiveMissing`."""
        return check(self.folder, digest)

    def check_copy(self, digest: str) -> None:
        """Sees that the file that is about to be read has its digest. Raises as `check` does."""
        check(self.folder, digest)


class StoredArchive(Archive):
    """An archive in an object store; its folder holds copies, each checked on its way in."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(folder)
        self._url = url

    @property
    def location(self) -> str:
        """Its URL, which holds nothing secret."""
        return self._url

    @cached_property
    def objects(self) -> "Objects":
        """The store. Raises `MissingExtra`."""
        from ledger.store.archive.objects import Objects

        return Objects(self._url)

    def fetch(self, files: Iterable[ArchivedFile]) -> None:
        """Copies those files that are not in the folder yet. Raises as `check` does."""
        for digest in dict.fromkeys(file.digest for file in files):
            if not path_of(self.folder, digest).is_file():
                self._copy(digest)

    def keep(self, digest: str) -> None:
        """Puts a file of the folder into the store, unless it is there already. Raises
        `ArchiveMissing`, `ArchiveUnwritable`, or `ArchivedFileAltered` for another one there."""
        if not self.objects.put_new(path_of(self.folder, digest)):
            self.check(digest)

    def check(self, digest: str) -> int:
        """Fetches the file anew and compares its digest: a copy says nothing about the store."""
        return self._copy(digest)

    def check_copy(self, digest: str) -> None:
        """A copy that was altered is fetched anew."""
        try:
            check(self.folder, digest)
        except ArchivedFileAltered:
            self._copy(digest)

    def prove(self) -> None:
        """Raises `ArchiveMissing` or `ArchiveUnwritable` unless the store can be reached, written,
        and refuses to replace what is there."""
        self.objects.prove()

    def _copy(self, digest: str) -> int:
        path = path_of(self.folder, digest)
        with _writable(self.folder), arriving(self.folder) as temporary:
            size = self.objects.get(path.name, temporary)
            if size is None:
                raise ArchivedFileMissing(
                    f"{self.objects.url_of(path.name)} is not there.",
                    file=self.objects.url_of(path.name),
                    digest=digest,
                )
            actual = digest_of(temporary)
            if actual != digest:
                raise ArchivedFileAltered(
                    f"{self.objects.url_of(path.name)} has the digest {actual}: its bytes were "
                    "altered.",
                    file=self.objects.url_of(path.name),
                    digest=digest,
                    found=actual,
                )
            temporary.chmod(0o444)
            temporary.replace(path)
        return size


def archive_at(location: str) -> Archive:
    """The archive at a place as a book remembers it. Raises `BadArchive`."""
    if not is_store(location):
        return Archive(Path(location))
    name = hashlib.sha256(location.encode()).hexdigest()[:32]
    return StoredArchive(location, cache_folder() / name)


def is_store(location: str) -> bool:
    """Whether an archive is named by a URL rather than a folder."""
    return "://" in location


def place_of(typed: str, what: str = "archive") -> str:
    """What a book remembers of the folder or URL that was typed: the whole path, or the URL with
    the store's endpoint and region, which the environment has where the URL does not. `what` lies
    there, in what is said.

    Raises `BadArchive`, also for a URL with a user or a password in it.
    """
    if not is_store(typed):
        return str(Path(typed).resolve())
    parts = urlsplit(typed)
    if not typed.startswith(SCHEME) or not _BUCKET.fullmatch(parts.netloc):
        raise BadArchive(f"{SCHEME}BUCKET/PREFIX is expected; this is not the URL of a bucket.")
    if not _PREFIX.fullmatch(parts.path) or "/." in parts.path or parts.fragment:
        raise BadArchive(f"{parts.path!r} cannot be a prefix for the {what}.")
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name, variables in _FROM_ENVIRONMENT.items():
        if name not in said and (value := next(filter(None, map(os.environ.get, variables)), None)):
            said[name] = value
    for name, pattern in (("endpoint", _ENDPOINT), ("region", _REGION)):
        if name in said and not pattern.fullmatch(said[name]):
            raise BadArchive(f"The {name} of the {what} is not that of a store.")
    if unknown := sorted(set(said) - set(_FROM_ENVIRONMENT)):
        raise BadArchive(f"The URL of the {what} says {unknown[0]!r}, which is not known.")
    query = f"?{urlencode(sorted(said.items()), safe=':/')}" if said else ""
    return f"{SCHEME}{parts.netloc}{parts.path.rstrip('/')}{query}"


def cache_folder() -> Path:
    """The folder of copies of this user: DUEBOOK_CACHE, or the usual place for caches."""
    own = os.environ.get(CACHE)
    if own:
        return Path(own)
    usual = os.environ.get("XDG_CACHE_HOME")
    return Path(usual or os.path.expanduser("~/.cache")) / "duebook"


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnwritable(
            f"{folder}, the folder of copies of the archive, cannot be written to: "
            f"{error.strerror}.",
            f"Free some space, or name another folder: {CACHE}=FOLDER",
            folder=str(folder),
        ) from None
