"""Whether the tests notice when a rule is changed: random changes, each run against the tests.

python -m benchmarks.mutations --seed 20261127 --count 200
python -m benchmarks.mutations --seed 20261127 --count 200 --first 50     goes on after 50
python -m benchmarks.mutations --only growth/measures.py --all            every change of a file
python -m benchmarks.mutations --list --count 20                          draws, runs nothing

Each change is made in a copy of the source tree in a temporary folder; this tree is left alone.
The program's worked examples run first, then wider tests, SQLite only, one process at a time.
What nobody notices is printed as file, line, before and after, and makes the exit code 1.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from compileall import compile_dir
from pathlib import Path
from typing import NamedTuple

from benchmarks.mutants import Mutant, drawable

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = "ledger/programs"
SHARED = ("exchange.py", "periods.py", "variants.py")
"""Files of rules outside the programs' own folders."""
COPIED = ("ledger", "projections", "cli", "tests", "fixtures", "docs", "benchmarks")
SECONDS_MAX = 900
QUICK = (
    *("golden/test_explain.py", "golden/test_variants.py", "programs/test_parameters.py"),
    *("programs/test_as_of.py", "programs/test_subjects.py", "programs/test_cases.py"),
)
WIDER: dict[str, tuple[str, ...]] = {
    "recruiting": (
        *("usecases/test_settle.py", "usecases/test_explain.py", "usecases/test_edges.py"),
        *("usecases/test_adjust*.py", "usecases/test_close.py", "usecases/test_statement.py"),
        *("usecases/test_terms.py", "usecases/test_record_warnings.py", "usecases/test_review.py"),
        *("properties/test_any_order.py", "properties/test_adjust.py", "golden", "house"),
        *("usecases/test_reconcile_likely.py", "usecases/test_reconcile.py", "cli/test_answers.py"),
    ),
    "growth": (
        *("usecases/test_growth_facts.py", "stories/test_growth_quarter.py"),
        *("properties/test_any_order_growth.py", "usecases/test_terms.py", "golden", "house"),
        *("usecases/test_settle.py", "usecases/test_statement.py", "usecases/test_demo_growth.py"),
        "usecases/test_reconcile_likely.py",
    ),
    "star_map": (
        *("usecases/test_star_map.py", "properties/test_any_order_star_map.py", "house"),
        *("projections/test_listed_links.py", "usecases/test_terms.py"),
    ),
    "technical_fee": (
        *("programs/test_fee_expression.py", "orders/test_rules_agree.py"),
        *("usecases/test_fee_months.py", "usecases/test_orders.py", "usecases/test_terms.py"),
        *("usecases/test_reconcile_orders.py", "usecases/test_reconcile_orders_causes.py"),
        *("usecases/test_orders_derived.py", "usecases/test_resolve_orders.py", "house"),
    ),
}
BOOT = """
import sys, pytest, ledger
assert ledger.__path__[0].startswith(sys.argv[1]), ledger.__path__
sys.exit(pytest.main(sys.argv[2:]))
"""
"""Refuses to test any other copy of the sources than the changed one."""


class Outcome(NamedTuple):
    """Whether the tests noticed a change, and which did."""

    mutant: Mutant
    noticed: bool
    by: str
    seconds: float


class Copy:
    """A copy of the source tree, changed in one place at a time."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".hypothesis")
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "Makefile"):
            shutil.copy(ROOT / name, folder)
        for name in ("ledger", "projections", "cli"):
            compile_dir(folder / name, quiet=1)

    def judge(self, mutant: Mutant, *, quick: bool) -> Outcome:
        """Runs the tests against a change, the quickest first, until one notices."""
        began = time.monotonic()
        path = self.root / mutant.file
        source = path.read_bytes()
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()
        path.write_bytes(mutant.applied(source))
        try:
            asked = stages(mutant.file)[: 1 if quick else None]
            by = next((by for stage in asked if (by := self.failing(stage))), "")
        finally:
            path.write_bytes(source)
        return Outcome(mutant, bool(by), by, time.monotonic() - began)

    def failing(self, arguments: list[str], *, changed: bool = True) -> str:
        """The first test that fails; empty if all of them pass.

        Bytecode of unchanged sources is kept, of changed ones never.
        """
        dropped = ("DUEBOOK_GOLDEN", "DUEBOOK_BOOK", "PYTHONDONTWRITEBYTECODE")
        environment = {name: value for name, value in os.environ.items() if name not in dropped}
        environment["PYTHONPATH"] = str(self.root)
        if changed:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
        command = [sys.executable, "-c", BOOT, str(self.root), *options, *arguments]
        try:
            run = subprocess.run(
                command,
                cwd=self.root,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            return "it does not end"
        if run.returncode == 0:
            return ""
        said = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return said[0] if said else (run.stdout + run.stderr).strip().splitlines()[-1]


def rules_of(file: str) -> list[str]:
    """The programs that a file belongs to; all of them for a shared one."""
    folder = Path(file).parent.name
    return [folder] if folder in WIDER else list(WIDER)


def stages(file: str) -> list[list[str]]:
    """Arguments of pytest, run by run."""
    rules = rules_of(file)
    chosen = "not postgresql and (not test_worked_example or {})"
    wider = [pattern for name in rules for pattern in WIDER[name]]
    if Path(file).name in ("variants.py", "order_side.py"):
        wider = ["usecases/test_reconcile*.py", *wider]
    return [
        [*_tests(QUICK), "-k", chosen.format(" or ".join(f"{name}:" for name in rules))],
        [*_tests(wider), "-k", "not postgresql"],
    ]


def _tests(patterns: tuple[str, ...] | list[str]) -> list[str]:
    paths = {
        str(path.relative_to(ROOT)): None for pattern in patterns for path in _matching(pattern)
    }
    return list(paths)


def _matching(pattern: str) -> list[Path]:
    return sorted((ROOT / "tests").glob(pattern))


def rule_files(only: str) -> list[str]:
    """The files of rules, or those of them whose path contains a text."""
    folder = ROOT / PROGRAMS
    paths = [*folder.glob("*/*.py"), *(folder / name for name in SHARED)]
    names = sorted(str(path.relative_to(ROOT)) for path in paths)
    return [name for name in names if only in name]


def main() -> int:
    """Draws, runs and reports; returns 1 if a change went unnoticed."""
    options = parsed()
    drawn = list(drawable(ROOT, rule_files(options.only)))
    possible = len(drawn)
    if not options.all:
        drawn = random.Random(options.seed).sample(drawn, min(options.count, possible))
    drawn = drawn[options.first :]
    print(f"seed {options.seed}: {len(drawn)} of {possible} possible changes", flush=True)
    if options.list:
        print(*drawn, sep="\n")
        return 0
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="duebook-mutations-") as folder:
        copy = Copy(Path(folder).resolve())
        if not options.trust:
            for stage in {tuple(stages(mutant.file)[0]) for mutant in drawn}:
                assert not (by := copy.failing(list(stage), changed=False)), f"unchanged: {by}"
        for number, mutant in enumerate(drawn, options.first + 1):
            outcome = copy.judge(mutant, quick=options.quick)
            outcomes.append(outcome)
            word = "noticed" if outcome.noticed else "SURVIVES"
            print(f"{number:>4} {word} {outcome.seconds:5.1f} s  {mutant}", flush=True)
            print(f"     {outcome.by}", flush=True)
    return told(outcomes)


def told(outcomes: list[Outcome]) -> int:
    """Prints the totals and the survivors; returns the exit code."""
    survivors = [outcome.mutant for outcome in outcomes if not outcome.noticed]
    print(f"\n{len(outcomes)} changes, {len(outcomes) - len(survivors)} noticed")
    print(f"{len(survivors)} survive", *survivors, sep="\n")
    return 1 if survivors else 0


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=20261127, help="which changes are drawn")
    parser.add_argument("--count", type=int, default=200, help="how many are drawn [200]")
    parser.add_argument("--first", type=int, default=0, help="how many of them to pass over")
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--all", action="store_true", help="every change, not a sample")
    parser.add_argument("--quick", action="store_true", help="the program's own tests alone")
    parser.add_argument("--list", action="store_true", help="print what is drawn, run nothing")
    parser.add_argument("--trust", action="store_true", help="no run without a change before")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
