"""One input file while it is read: its digest, taken beside the reading, and that it kept still."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from stat import S_ISREG
from types import TracebackType

from ledger.intake.orders.refusals import EmptyOrderFile, OrderFileChanged
from ledger.kernel.errors import MissingFile

BLOCK_BYTES = 1024 * 1024
PARQUET = b"PAR1"

State = tuple[int, int, int, int, int]


class Watched:
    """Looks at a file before the reading starts and again after it, and hashes it meanwhile.

    Raises `MissingFile` or `EmptyOrderFile` at once, and `OrderFileChanged`
    from `finish` when it is not the same file, with the same size and times, that was hashed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self._before = self._state()
        self.bytes = self._before[2]
        if not self.bytes:
            raise EmptyOrderFile(f"{self.name} is empty.", file=self.name)
        begins = self._begins()
        self.is_parquet = begins == PARQUET
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="order-file-digest")
        self._digest: Future[str] = self._thread.submit(self._hash)

    def __enter__(self) -> "Watched":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def finish(self) -> str:
        """The SHA-256 of the file that was read. Raises `OrderFileChanged`."""
        digest = self._digest.result()
        if self._state() != self._before:
            raise OrderFileChanged(f"{self.name} was changed while it was read.", file=self.name)
        return digest

    def is_changed(self) -> bool:
        """Whether a failure of the reading may come from somebody who writes to the file."""
        try:
            return self._state() != self._before
        except MissingFile:
            return True

    def _state(self) -> State:
        try:
            found = self.path.stat()
        except OSError as error:
            raise self._missing(error) from None
        if not S_ISREG(found.st_mode):
            raise MissingFile(
                f"{self.name} is no file that can be read.",
                "Orders are read from files, not from pipes or folders.",
                file=self.name,
            )
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _begins(self) -> bytes:
        try:
            with self.path.open("rb") as stream:
                return stream.read(4)
        except OSError as error:
            raise self._missing(error) from None

    def _missing(self, error: OSError) -> MissingFile:
        return MissingFile(
            f"{self.name} cannot be read: {error.strerror}.",
            "Check the name and who may read it.",
            file=self.name,
        )

    def _hash(self) -> str:
        digest = hashlib.sha256()
        size = 0
        with self.path.open("rb", buffering=0) as stream:
            while block := stream.read(BLOCK_BYTES):
                size += len(block)
                digest.update(block)
        if size != self.bytes:
            raise OrderFileChanged(f"{self.name} was changed while it was read.", file=self.name)
        return digest.hexdigest()
