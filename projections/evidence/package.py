"""A package of evidence as a zip file: the same bytes for the same book, and a signed list of all
that is in it."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from typing import IO, Any, NamedTuple

from ledger.kernel.notes import Signature
from ledger.usecases.evidence.key_files import KeyFile
from ledger.usecases.evidence.package import Evidence
from ledger.usecases.evidence.package_files import digests
from ledger.usecases.verifying.kept_files import KeptFile, kept_files
from projections.evidence.readme import readme
from projections.exporters.indented_json import indented
from projections.file_names import file_names

FORMAT = "duebook.evidence/v1"
MANIFEST = "MANIFEST"
LOG = "events.ndjson"
VERIFIERS = ("verify.py", "verify.html")
LEVEL = 9
BLOCK_BYTES = 1 << 20
MADE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
MODE = 0o100644 << 16

Progress = Callable[[str, int], None]


class Part(NamedTuple):
    """A file of the package: its name, and its content in pieces."""

    name: str
    pieces: Iterable[bytes]


class Packed(NamedTuple):
    """What was written: how many files, the digest of the manifest, the names of input files that
    were kept and are lost, and the decisions whose lines could not be given with their salts."""

    files: int
    manifest: str
    lost: list[str]
    without_lines: list[int]


def pack(evidence: Evidence, key: KeyFile | None, file: IO[bytes], progress: Progress) -> Packed:
    """Writes the package, its manifest signed where there is a key.

    The same book, question and key give the same bytes: no time of this run is in it, and entries
    stand in one order. Raises `LogBroken` for a log whose chain does not hold.
    """
    of_payee = evidence.payee is not None
    kept = [] if of_payee else kept_files(evidence.book, evidence.connection, evidence.size)
    lost = [file for file in kept if file.fault()]
    names = [file.name for file in lost]
    listed: dict[str, str] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as package:
        for part in _parts(evidence, [file for file in kept if file not in lost], names, progress):
            listed[part.name] = _write(package, part)
        text = _manifest(evidence, listed)
        note = text + "\n" + (_signature(text, key) if key else "")
        digest = _write(package, Part(MANIFEST, [note.encode()]))
    return Packed(len(listed), digest, names, [] if of_payee else evidence.without_lines)


def verifier(name: str) -> bytes:
    """A program that checks packages, as it is in each of them."""
    return (files("projections.evidence") / name).read_bytes()


def _parts(
    evidence: Evidence, kept: list[KeptFile], lost: list[str], progress: Progress
) -> Iterator[Part]:
    of_payee = evidence.payee is not None
    yield Part("README.txt", [readme(evidence, lost).encode()])
    for name in VERIFIERS:
        yield Part(name, [verifier(name)])
    yield Part("checkpoint.note", [evidence.note.text().encode()])
    yield Part("terms.json", [evidence.stated.edition.canonical.encode()])
    rows = [] if of_payee else list(digests(evidence.connection, evidence.size))
    yield Part("digests.json", [indented(rows).encode()])
    if of_payee:
        for position, text in evidence.proofs():
            yield Part(f"proofs/{position}.proof", [text.encode()])
    else:
        yield Part("checkpoint-at-close.note", [evidence.at_close().text().encode()])
        yield Part(LOG, _lines(evidence.log(progress)))
        for position, salted in evidence.decisions():
            yield Part(f"lines/{position}.ndjson", _lines(salted))
        yield Part("explanations.ndjson", _lines(evidence.explanations()))
    names = dict(zip(evidence.names, file_names(evidence.names), strict=True))
    for statement, answer in evidence.statements(progress):
        content = indented(answer).encode("utf-8", "backslashreplace")
        yield Part(f"statements/{names[statement]}.json", [content])
    for file in kept:
        yield Part(f"files/{file.sha256}", _blocks(file.place.open("rb")))


def _lines(rows: Iterable[Any]) -> Iterator[bytes]:
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        yield (text + "\n").encode("utf-8", "surrogatepass")


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _write(package: zipfile.ZipFile, part: Part) -> str:
    """Writes a file; its digest, in hex."""
    entry = zipfile.ZipInfo(part.name, MADE)
    entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, UNIX, MODE
    digest = hashlib.sha256()
    with package.open(entry, "w", force_zip64=True) as file:
        for piece in part.pieces:
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _manifest(evidence: Evidence, listed: dict[str, str]) -> str:
    """The text that is signed: the format, the book, what the package is of, and each file's digest
    and name, as `sha256sum` writes them."""
    seal = evidence.known.seal
    of = " ".join(filter(None, [seal.program, seal.period, evidence.payee]))
    lines = [FORMAT, evidence.note.checkpoint.origin, of]
    lines += [f"{listed[name]}  {name}" for name in sorted(listed)]
    return "".join(f"{line}\n" for line in lines)


def _signature(text: str, key: KeyFile) -> str:
    return Signature(key.public.name, key.public.key_id, key.sign(text.encode())).text()
