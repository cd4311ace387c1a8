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
ROUND = {"arguments": 2_500}
"""After how many inputs a process of its own goes on, where commands are run that each have one to
themselves: what many of them leave in the libraries' own memory is no command's."""
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
    words.add_argument("--corpus", type=Path, help="what was kept by an earlier round, to go on")
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
            corpus = given.corpus or Path(folder) / "corpus"
            _fuzz(given.name, Path(folder), given.inputs, given.seed, given.found, corpus)


def _target(name: str, folder: Path) -> Any:
    from tests.soak.fuzz_targets import TARGETS

    return TARGETS[name](folder)


def _fuzz(name: str, folder: Path, inputs: int, seed: int, found: Path, corpus: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=OURS.get(name, ALL_OURS), enable_loader_override=False):
        target = _target(name, folder)
        if not corpus.exists():
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
    """Runs a reader in processes of its own, round by round; what it came to, with how to see a
    failure again."""
    found.mkdir(parents=True, exist_ok=True)
    memory = SHARED_MEMORY if os.path.isdir(SHARED_MEMORY) else None
    whole = Found(0, 0, 0, 0, 0, "")
    with tempfile.TemporaryDirectory(prefix="duebook-corpus-", dir=memory) as folder:
        corpus = Path(folder) / "corpus"
        while whole.inputs < inputs and not whole.failure:
            wanted = min(ROUND.get(name, inputs), inputs - whole.inputs)
            made = _round(name, wanted, seed, found, corpus)
            whole = Found(
                whole.inputs + made.inputs,
                whole.covered_first or made.covered_first,
                max(whole.covered, made.covered),
                whole.kept + made.kept,
                max(whole.peak_mib, made.peak_mib),
                made.failure,
            )
            seed += 1
    return whole


def _round(name: str, inputs: int, seed: int, found: Path, corpus: Path) -> Found:
    program = [sys.executable, "-m", "tests.soak.fuzz", name]
    log = found / f"{name}.log"
    with log.open("wb") as said:
        words = [*program, "--inputs", str(inputs), "--seed", str(seed), "--found", str(found)]
        # Through a shell: the peak of a process counts from what its parent held when it began,
        # and whoever runs many tests holds much.
        code = subprocess.run(
            ["sh", "-c", '"$@"; exit $?', "sh", *words, "--corpus", str(corpus)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0", "DUEBOOK_BOOK": ""},
            check=False,
        ).returncode
    text = log.read_text("utf-8", "replace")
    entered = [int(count) for count in ENTERED.findall(text)] or [0]
    told = dict(STATISTIC.findall(text))
    ran = int(told.get("number_of_executed_units", 0))
    failure = "" if not code and ran >= inputs else _failure(name, program, seed, code, found, text)
    kept, peak = (int(told.get(which, 0)) for which in ("new_units_added", "peak_rss_mb"))
    return Found(ran, entered[0], entered[-1], kept, peak, failure)


def _failure(name: str, program: list[str], seed: int, code: int, found: Path, text: str) -> str:
    """What failed, made as small as fails alike, and how to see it again."""
    failing = [*found.glob("crash-*"), *found.glob("timeout-*"), *found.glob("oom-*")]
    for file in failing:
        if file.name.startswith("crash-"):
            small = [*program, "--smallest", str(file)]
            subprocess.run(small, cwd=ROOT, capture_output=True, check=False, timeout=300)
    said = f"{name}: seed {seed}, code {code}; all that was said is in {found / name}.log\n"
    for file in failing:
        said += f"again: {' '.join(program)} {file}\n{file.read_bytes()[:2000]!r}\n"
    return said + "\n".join(text.splitlines()[-60:])


if __name__ == "__main__":
    main()
