"""A package of evidence: its size, making it, and checking it with the script that it brings."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import facts
from benchmarks.closing import closed_book
from benchmarks.measure import Figure, Took, in_turns
from benchmarks.workshop import ROOT, Workshop, discard

MEGABYTES_MAX = 20
SECONDS_MAX = 5
DUEBOOK = Path(sys.executable).with_name("duebook")
SCRIPT = ROOT / "projections" / "evidence" / "verify.py"
BARE = "import hashlib, sys, zipfile\n"
BARE += "z = zipfile.ZipFile(sys.argv[1])\n"
BARE += "[hashlib.sha256(z.read(name)).digest() for name in z.namelist()]"
"""The least that any check does: unpack and hash every file."""


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`package`: of the closed quarter, the whole command, and `verify.py` in a bare Python."""
    book, package = closed_book(shop), shop.folder / "package.zip"

    def make() -> Took:
        discard(package)
        words = [str(DUEBOOK), "evidence", facts.PROGRAM, "--book", book]
        return _ran([*words, "-o", str(package)])

    made = in_turns(1, {"evidence": make})["evidence"]
    size = package.stat().st_size / 1_000_000
    yield Figure(
        "package: size", f"{size:.2f} MB", f"{MEGABYTES_MAX} MB", size / MEGABYTES_MAX, "<= 1x",
        size <= MEGABYTES_MAX, f"made in {made.text}",
    )  # fmt: skip
    bare = [sys.executable, "-I", "-S"]
    took = in_turns(
        max(shop.runs, 5),
        {
            "ours": lambda: _ran([*bare, str(SCRIPT), str(package)]),
            "bare": lambda: _ran([*bare, "-c", BARE, str(package)]),
        },
    )
    yield Figure(
        "package: verify.py", took["ours"].text, f"unpack and hash: {took['bare'].text}",
        took["ours"].seconds / took["bare"].seconds, f"<= {SECONDS_MAX} s",
        took["ours"].seconds <= SECONDS_MAX, "the whole script; " + _memory(package),
    )  # fmt: skip


def _ran(words: list[str]) -> Took:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(seconds, cpu)


def _memory(package: Path) -> str:
    """The most memory that the script took."""
    script = "import runpy, sys\nsys.argv = sys.argv[1:]\n"
    script += "try:\n runpy.run_path(sys.argv[0], run_name='__main__')\nexcept SystemExit: pass\n"
    # The kernel keeps a process's own peak here; getrusage would tell that of whoever started it.
    script += "print(*[row for row in open('/proc/self/status') if row.startswith('VmHWM')])"
    words = [sys.executable, "-I", "-S", "-c", script, str(SCRIPT), str(package)]
    out = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return f"{int(out.split()[-2]) // 1024} MiB"
