"""`balances` over many entries against `hledger balance` on the exported journal."""

import csv
import resource
import shutil
import subprocess
from collections.abc import Iterator

from benchmarks.commands import DUEBOOK
from benchmarks.measure import Figure, Took, in_turns, tell, took
from benchmarks.workshop import Workshop
from ledger.accounting.chart import parse_account
from ledger.aggregates.settlement import StatedLine, StatementIssued
from ledger.usecases.record_decisions import record_decisions
from projections.exporters.names import exported_name

TIMES_MAX = 0.5
PERIODS = 10
LINES_EACH = 100


def issued(entries: int) -> Iterator[StatementIssued]:
    """Statements of ten programs with that many payable lines in all, a hundred per statement."""
    for number in range(0, entries, LINES_EACH):
        statement = number // LINES_EACH
        program = f"recruiting-eu-jp-{2016 + statement % PERIODS}q1"
        payee = f"partner:P-{statement // PERIODS:04d}"
        lines = [
            StatedLine(
                line=f"{program}/S-{serial:06d}",
                kind="incentive",
                subject=f"store:S-{serial:06d}",
                outcome="payable",
                amount=f"{2000 if serial % 7 else 1750.5:.2f}",
                currency="CNY",
            )
            for serial in range(number, min(number + LINES_EACH, entries))
        ]
        yield StatementIssued(
            rules="recruiting",
            program=program,
            zone="Asia/Shanghai",
            payee=payee,
            lines=tuple(lines),
        )


def balances(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`balances`: whole commands, with the views up to date and equal answers."""
    hledger = shutil.which("hledger")
    if hledger is None or not DUEBOOK.exists():
        yield Figure.absent("balances", "hledger (apt-get install hledger) or duebook is missing")
        return
    entries, path, journal = shop.facts, shop.folder / "entries.db", shop.folder / "x.journal"
    book = shop.fresh_book(path.name)
    tell(f"recording {entries:,} lines")
    record_decisions(book, list(issued(entries)), by="benchmark", expected=book.head())
    book.close()
    ours = [str(DUEBOOK), "balances", "--book", str(path)]
    theirs = [hledger, "-f", str(journal), "balance"]
    tell("building the views, exporting the journal")
    built = took_command(ours)
    exported = took_command(
        [str(DUEBOOK), "journal", "-o", str(journal), "--overwrite", "--book", str(path)]
    )
    _refuse_difference(ours, theirs)
    times = in_turns(
        shop.runs, {"ours": lambda: took_command(ours), "theirs": lambda: took_command(theirs)}
    )
    how = f"{entries:,} entries; whole commands, the same balances; building the view "
    how += f"{built.text}; the journal of {journal.stat().st_size / 2**20:.0f} MiB, its view with "
    how += f"it, {exported.text}"
    yield Figure.times("balances", times["ours"], times["theirs"], TIMES_MAX, how)


def took_command(words: list[str]) -> Took:
    """Wall and processor time of a whole command."""
    used = 0.0

    def run() -> None:
        nonlocal used
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return took(run)._replace(cpu=used)


def _refuse_difference(ours: list[str], theirs: list[str]) -> None:
    """Asserts that both list the same accounts and balances, so that equal answers are compared."""
    mine = _rows([*ours, "--format", "csv"])
    own = {(exported_name(parse_account(row[0])), row[1], row[2]) for row in mine[1:]}
    rows = _rows([*theirs, "--no-total", "--output-format", "csv"])
    other = {(name, *balance.split(" ")) for name, balance in rows[1:]}
    assert own == other, (sorted(own - other)[:3], sorted(other - own)[:3])


def _rows(words: list[str]) -> list[list[str]]:
    out = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    return list(csv.reader(out.splitlines()))
