"""One input file while it is read: its digest, taken alongside, and whether it stayed unchanged."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from types import TracebackType

from ledger.kernel.errors import MissingFile, Refusal

BLOCK_BYTES = 1024 * 1024
PARQUET = b"PAR1"

State = tuple[int, int, int, int, int]


class FileChanged(Refusal):
    """A file that was written to while it was read; `facts` names it under `file`."""

    hint = "Wait until its export is complete, then run the same command again."


class Watched:
    """Looks at a file before the reading starts and again after it, and hashes it meanwhile.

    Raises `MissingFile` at once, and `FileChanged` from `finish` when the file is not the one that
    was hashed, with the same size and times.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self._before = self._state()
        self.bytes = self._before[2]
        begins = self._begins()
        self.is_parquet = begins == PARQUET
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="file-digest")
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
        """The SHA-256 of the file that was read. Raises `FileChanged`."""
        digest = self._digest.result()
        if self._state() != self._before:
            raise FileChanged(f"{self.name} was changed while it was read.", file=self.name)
        return digest

    def is_changed(self) -> bool:
        """Whether a failed read may be due to somebody writing to the file."""
        try:
            return self._state() != self._before
        except MissingFile:
            return True

    def _state(self) -> State:
        try:
            status = self.path.stat()
        except OSError as error:
            raise self._missing(error) from None
        if S_ISDIR(status.st_mode):
            raise MissingFile(
                f"{self.name} is a folder, not a file.",
                f"Name the files in it: {self.name}/*.csv",
                file=self.name,
            )
        if not S_ISREG(status.st_mode):
            raise MissingFile(
                f"{self.name} is a pipe or a device, not a file that can be read twice.",
                "Save what it gives as a file first.",
                file=self.name,
            )
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

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
            raise FileChanged(f"{self.name} was changed while it was read.", file=self.name)
        return digest.hexdigest()
