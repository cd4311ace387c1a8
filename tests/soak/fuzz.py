"""Feeds drawn inputs to one reader until it fails; or the inputs of files, once each.

    python -m tests.soak.fuzz ndjson --inputs 200000 --seed 7 --found FOLDER
    python -m tests.soak.fuzz ndjson FILE...

Mutations are guided by what they reach in our Python (Atheris, on libFuzzer). An exception that
is no refusal, an abort, more than 512 MiB and more than ten seconds for an input are failures.
"""

import argparse
import atexit
import faulthandler
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
OURS = {"arguments": ["cli", "ledger.usecases.typed_clocks", "ledger.kernel"]}
"""Where new ground counts, where it is not all of ours: what takes arguments apart."""
ALL_OURS = ["ledger", "projections", "cli"]
SHARED_MEMORY = "/dev/shm"
"""Where a file is written in a tenth of the time."""
MIB_MAX = 512
SECONDS_MAX = 10
"""Of the processor."""
ALARM_SECONDS = 120
"""Of the clock on the wall, for what waits or hangs, also on a machine that has much else to do."""
HUNG_SECONDS = 180
"""After which the process is ended with a traceback of every thread: libFuzzer's own alarm may
wait for ever for a lock that the interrupted code holds."""
FAILED = 77
TRIES = 2000
"""How many cuts are tried to make a failing input smaller."""
ENTERED = re.compile(r"cov: (\d+)")
STATISTIC = re.compile(r"stat::(\w+):\s+(\d+)")


class Found(NamedTuple):
    """What a run came to."""

    inputs: int
    covered_first: int
    covered: int
    kept: int
    peak_mib: int
    failure: str
    """Empty where there was none."""


def main() -> None:
    """One reader, in this process."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("name")
    words.add_argument("files", nargs="*", type=Path)
    words.add_argument("--inputs", type=int, default=1000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--found", type=Path, default=Path("fuzzed"))
    words.add_argument("--smallest", type=Path)
    given = words.parse_args()
    memory = SHARED_MEMORY if os.path.isdir(SHARED_MEMORY) else None
    with tempfile.TemporaryDirectory(prefix="duebook-fuzz-", dir=memory) as folder:
        if given.files or given.smallest:
            target = _target(given.name, Path(folder))
            if given.smallest:
                given.smallest.write_bytes(_smallest(target, given.smallest.read_bytes()))
            for file in given.files:
                target.read(file.read_bytes())
                print(f"{file}: read or refused in words")
        else:
            _fuzz(given.name, Path(folder), given.inputs, given.seed, given.found)


def _target(name: str, folder: Path) -> Any:
    from tests.soak.fuzz_targets import TARGETS

    return TARGETS[name](folder)


def _fuzz(name: str, folder: Path, inputs: int, seed: int, found: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=OURS.get(name, ALL_OURS), enable_loader_override=False):
        target = _target(name, folder)
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, data in enumerate(target.seeds()):
            (corpus / f"{number:05}").write_bytes(data[: target.LENGTH])
        words = folder / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.WORDS if word))
        found.mkdir(parents=True, exist_ok=True)
        options = {
            "runs": inputs,
            "seed": seed,
            "max_len": target.LENGTH,
            "len_control": 0,
            "timeout": ALARM_SECONDS,
            "rss_limit_mb": MIB_MAX,
            "artifact_prefix": f"{found}{os.sep}",
            "print_final_stats": 1,
        }
        options |= {"dict": words} if any(target.WORDS) else {}
        given = [sys.argv[0], *(f"-{option}={value}" for option, value in options.items())]
        mutate = {"custom_mutator": target.mutate} if hasattr(target, "mutate") else {}

        def reading(data: bytes) -> None:
            faulthandler.dump_traceback_later(HUNG_SECONDS, exit=True)
            began = time.process_time()
            try:
                target.read(data)
                assert time.process_time() - began < SECONDS_MAX, "it takes too long"
            except KeyboardInterrupt:
                raise
            except BaseException:
                # Ended here: on its way out Python takes long, and libFuzzer's alarm ends it.
                (found / f"crash-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
                traceback.print_exc()
                print(f"input {target.read_so_far} failed", file=sys.stderr, flush=True)
                os._exit(FAILED)

        atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
        atheris.Setup([*given, str(corpus)], reading, **mutate)
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in word.encode("utf-8", "surrogatepass")
    )


def _smallest(target: Any, data: bytes) -> bytes:
    """The input with as much cut out as leaves the same failure."""

    def failure(tried: bytes) -> tuple[str, str] | None:
        try:
            target.read(tried)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            return type(error).__name__, f"{place.filename}:{place.lineno}"
        return None

    wanted = failure(data)
    return data if wanted is None else _cut(data, lambda tried: failure(tried) == wanted)


def _cut(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    length, tries = len(data) // 2, 0
    while length and tries < TRIES:
        at = 0
        while at < len(data) and tries < TRIES:
            tries += 1
            shorter = data[:at] + data[at + length :]
            if fails(shorter):
                data = shorter
            else:
                at += length
        length //= 2
    return data


def fuzzed(name: str, inputs: int, seed: int, found: Path) -> Found:
    """Runs a reader in a process of its own; what it came to, with how to see a failure again."""
    program = [sys.executable, "-m", "tests.soak.fuzz", name]
    log = found / f"{name}.log"
    found.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        words = [*program, "--inputs", str(inputs), "--seed", str(seed), "--found", str(found)]
        # Through a shell: the peak of a process counts from what its parent held when it began,
        # and whoever runs many tests holds much.
        code = subprocess.run(
            ["sh", "-c", '"$@"; exit $?', "sh", *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0", "DUEBOOK_BOOK": ""},
            check=False,
        ).returncode
    text = log.read_text("utf-8", "replace")
    entered = [int(one) for one in ENTERED.findall(text)] or [0]
    told = dict(STATISTIC.findall(text))
    failure = ""
    if code or int(told.get("number_of_executed_units", 0)) < inputs:
        failing = [*found.glob("crash-*"), *found.glob("timeout-*"), *found.glob("oom-*")]
        for one in failing:
            if one.name.startswith("crash-"):
                small = [*program, "--smallest", str(one)]
                subprocess.run(small, cwd=ROOT, capture_output=True, check=False, timeout=300)
        failure = f"{name}: seed {seed}, code {code}; all that was said is in {log}\n" + "".join(
            f"again: {' '.join(program)} {one}\n{one.read_bytes()[:2000]!r}\n" for one in failing
        )
        failure += "\n".join(text.splitlines()[-60:])
    return Found(
        int(told.get("number_of_executed_units", 0)),
        entered[0],
        entered[-1],
        int(told.get("new_units_added", 0)),
        int(told.get("peak_rss_mb", 0)),
        failure,
    )


if __name__ == "__main__":
    main()
