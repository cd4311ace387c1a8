"""Packages of evidence: read, tampered with, packed again, and checked by the script in them."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from projections.evidence.package import verifier

Files = dict[str, bytes]
SCRIPT = Path(__file__).parents[2] / "projections" / "evidence" / "verify.py"
EVENTS, CHECKPOINT, TERMS = "events.ndjson", "checkpoint.note", "terms.json"


RELAID: dict[str, Callable[[bytes], bytes]] = {
    "before": lambda raw: b"#!/bin/sh\n" + raw,
    "comment": lambda raw: raw[:-2] + b"\5\0hello",
    "behind": lambda raw: raw + b"PK",
    "cut": lambda raw: raw[: len(raw) // 2],
    "another name before the file": lambda raw: raw.replace(b"README.txt", b"readme.txt", 1),
}
"""The bytes of a package laid out so that zip readers could differ on what is in it."""


class Checked(NamedTuple):
    """What the script says of a package: its exit code, and per check whether it holds."""

    code: int
    fails: dict[str, str]
    out: str


def checked(package: Path, *options: object) -> Checked:
    """Runs the script in a Python that has nothing but the standard library."""
    words = [sys.executable, "-I", "-S", str(SCRIPT), str(package), *map(str, options)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in ran.stderr, ran.stderr
    fails = dict(
        line.removeprefix("FAILS  ").split(": ", 1)
        for line in ran.stdout.splitlines()
        if line.startswith("FAILS  ")
    )
    assert ("All holds." in ran.stdout) == (not fails)
    return Checked(ran.returncode, fails, ran.stdout)


def unpacked(package: Path) -> Files:
    """Every file in it."""
    with zipfile.ZipFile(package) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(files: Files, target: Path, *, again: str | None = None) -> Path:
    """The files as a package; one of them `again`, a second time under its name."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
        if again is not None:
            package.writestr(zipfile.ZipInfo(again), files[again])
    return target


def listed_anew(files: Files) -> Files:
    """The files with a manifest that fits them, which nobody has signed."""
    head = files["MANIFEST"].decode().split("\n")[:3]
    rows = [
        f"{hashlib.sha256(content).hexdigest()}  {name}"
        for name, content in sorted(files.items())
        if name != "MANIFEST"
    ]
    return files | {"MANIFEST": "".join(f"{line}\n" for line in (*head, *rows, "")).encode()}


def _of(files: Files, folder: str) -> str:
    return next(name for name in files if name.startswith(folder))


def amount_in_event(files: Files) -> Iterator[str]:
    """An amount in an issued statement's event is another."""
    yield EVENTS
    rows = files[EVENTS].decode().splitlines()
    place = next(place for place, row in enumerate(rows) if "statement-issued" in row)
    rows[place] = rows[place].replace("2000.00", "3000.00", 1)
    files[EVENTS] = "".join(f"{row}\n" for row in rows).encode()


def outcome_of_line(files: Files) -> Iterator[str]:
    """A line that was declined is payable, where its tree has it."""
    name = _of(files, "lines/")
    yield name
    files[name] = files[name].replace(rb"\"declined\"", rb"\"payable\"", 1)


def line_of_statement(files: Files) -> Iterator[str]:
    """A line that was declined is payable, on the statement."""
    name = _of(files, "statements/")
    yield name
    answer = json.loads(files[name])
    line = next(line for line in answer["lines"] if line["outcome"] == "declined")
    line["outcome"] = "payable"
    files[name] = json.dumps(answer).encode()


def payment_of_statement(files: Files) -> Iterator[str]:
    """A statement says that more was paid."""
    name = next(name for name in files if "P-01" in name)
    yield name
    answer = json.loads(files[name])
    answer["payments"][0]["amount"] = "28000.00"
    files[name] = json.dumps(answer).encode()


def seal_of_statement(files: Files) -> Iterator[str]:
    """A statement has another seal than its close."""
    name = _of(files, "statements/")
    yield name
    answer = json.loads(files[name])
    answer["seal"]["digest"] = f"sha256:{'00' * 32}"
    files[name] = json.dumps(answer).encode()


def salt_with_text(files: Files) -> Iterator[str]:
    """The first character of a row is in its salt, which gives the same leaf."""
    name = _of(files, "lines/")
    yield name
    first, *rest = files[name].decode().splitlines(keepends=True)
    row = json.loads(first)
    moved = {"salt": row["salt"] + row["text"][0].encode().hex(), "text": row["text"][1:]}
    files[name] = (json.dumps(moved, ensure_ascii=False) + "\n" + "".join(rest)).encode()


def size_of_checkpoint(files: Files) -> Iterator[str]:
    """The checkpoint is of one event less."""
    yield CHECKPOINT
    origin, size, *rest = files[CHECKPOINT].decode().split("\n")
    files[CHECKPOINT] = "\n".join([origin, str(int(size) - 1), *rest]).encode()


def terms(files: Files) -> Iterator[str]:
    """The terms say another amount."""
    yield TERMS
    files[TERMS] = files[TERMS].replace(b"2000", b"3000", 1)


def digest_of_input(files: Files) -> Iterator[str]:
    """An input file has another digest."""
    yield "digests.json"
    rows = json.loads(files["digests.json"])
    rows[0]["sha256"] = "00" * 32
    files["digests.json"] = json.dumps(rows).encode()


def file_added(files: Files) -> Iterator[str]:
    """A file that nobody listed."""
    yield "statements/another.json"
    files["statements/another.json"] = files[_of(files, "statements/")]


def file_dropped(files: Files) -> Iterator[str]:
    """A file that is listed is not there."""
    name = _of(files, "statements/")
    yield name
    del files[name]


KINDS: dict[str, Callable[[Files], Iterator[str]]] = {
    kind.__name__: kind
    for kind in (
        amount_in_event,
        outcome_of_line,
        line_of_statement,
        payment_of_statement,
        seal_of_statement,
        salt_with_text,
        size_of_checkpoint,
        terms,
        digest_of_input,
        file_added,
        file_dropped,
    )
}
FOUND_BY_CONTENT = {
    "amount_in_event": ("events", "statements"),
    "outcome_of_line": ("lines",),
    "line_of_statement": ("statements",),
    "size_of_checkpoint": ("events",),
    "payment_of_statement": ("statements",),
    "seal_of_statement": ("statements",),
    "salt_with_text": ("lines",),
    "terms": ("statements",),
    "digest_of_input": ("digests",),
}
"""The check that fails where the manifest was made to fit."""


def tampered(files: Files, kind: str) -> tuple[Files, str]:
    """The files after one kind of tampering, and which of them it was."""
    other = dict(files)
    (name,) = KINDS[kind](other)
    assert other != files
    return other, name


def shipped() -> bytes:
    """The script as it is in every package."""
    return verifier("verify.py")
