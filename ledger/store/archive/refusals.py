"""The archive's refusals: files that are missing or altered, and disks that are full."""

import json
import re
from typing import ClassVar

from ledger.kernel.errors import Kind, Refusal


class ArchiveBroken(Refusal):
    """A file of the archive is not what its event says."""

    kind: ClassVar[Kind] = "broken"
    hint = "Restore the archive from a backup; `duebook verify` names what is based on it."


class ArchivedFileMissing(ArchiveBroken):
    """The log has an event for a file that is not there."""


class ArchivedFileAltered(ArchiveBroken):
    """A file of the archive whose bytes no longer have the digest that is its name."""


class ArchiveMissing(ArchiveBroken):
    """An archive in an object store that cannot be reached, or does not let the caller in."""

    kind: ClassVar[Kind] = "refused"
    hint = (
        "Nothing is answered without it. See that the store is up and that the environment has the "
        "keys to it (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)."
    )


class ArchiveUnwritable(Refusal):
    """The archive's folder cannot be written to, or its disk is full. Nothing was changed."""

    hint = "Free some space or name another folder, then run the same command again."


class ArchiveOutOfRoom(Refusal):
    """Memory or disk for temporary files ran out. Nothing was changed."""

    hint = "Free some memory, or disk space for temporary files, then run the same command again."


def reason(error: Exception) -> str:
    """What DuckDB or the system says of an error, in a line without a point: DuckDB says of what it
    writes beside its work as JSON."""
    within = re.search(r'"exception_message":"((?:[^"\\]|\\.)*)"', str(error))
    said = json.loads(f'"{within[1]}"') if within else str(error)
    return said.partition("\n")[0].rstrip(".")
