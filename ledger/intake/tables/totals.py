"""Total rows of a mapped file: checked against the rows that they sum, and never read as rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.intake.problems import Problem, refuse
from ledger.intake.sums import RunningSums
from ledger.intake.tables.mapped import MappedTable
from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def refuse_differing_totals(connection: "DuckDBPyConnection", mapped: MappedTable) -> None:
    """Raises `BadPlatformFile` for totals that differ from the sum of their rows."""
    problems = _labelled(connection, mapped) + _summaries(connection, mapped)
    refuse(Path(mapped.table.file.name).name, problems)


def _labelled(connection: "DuckDBPyConnection", mapped: MappedTable) -> list[Problem]:
    """Rows with a word for a total: each sums all rows above it, or those since the one before."""
    if mapped.is_total is None or "amount" not in mapped.values:
        return []
    currency = mapped.shown("currency") if "currency" in mapped.values else "NULL"
    if not connection.execute(
        f"SELECT 1 FROM (SELECT {mapped.is_total} AS found FROM {mapped.placed})"
        " WHERE found LIMIT 1"
    ).fetchone():
        return []
    result = connection.execute(
        "SELECT * FROM (SELECT place,"
        f" coalesce({mapped.is_total}, false) AS is_total, {mapped.shown('amount')} AS amount,"
        f" {currency} AS currency, {mapped.values['amount'].raw} AS raw, {mapped.counts} AS counts"
        f" FROM {mapped.placed}) WHERE is_total OR counts ORDER BY place"
    )
    problems: list[Problem] = []
    sums = RunningSums()
    while rows := result.fetchmany(10_000):
        for place, is_total, amount, code, raw, _counts in rows:
            code = code or next(iter(sums.currencies), "")
            try:
                money = Money.parse(amount, code) if amount else None
            except Refusal:
                money = None
            if money is None:
                if is_total and raw:
                    said = f"{raw!r} {code} cannot be read as a total."
                    problems.append(Problem(place, "bad_amount", said))
            elif is_total:
                problem = sums.check(place, money)
                problems += [problem] if problem else []
            else:
                sums.add(money)
    return problems


def _summaries(connection: "DuckDBPyConnection", mapped: MappedTable) -> list[Problem]:
    """Rows that say in one column what another comes to over all rows of their group."""
    summary = mapped.mapping.summary
    if summary is None:
        return []
    said, total = mapped.values_of.amount(summary.header)
    _, amount = mapped.values_of.amount(summary.of)
    group = mapped.values_of.text(summary.by) if summary.by else "''"
    rows = connection.execute(
        f"WITH read AS (SELECT place, {said} AS said, {total} AS total, {amount} AS amount,"
        f" coalesce({group}, '') AS grouped FROM {mapped.placed}),"
        " sums AS (SELECT grouped, sum(amount) AS sum FROM read GROUP BY grouped)"
        " SELECT place, said, sum::VARCHAR FROM read JOIN sums USING (grouped)"
        " WHERE said IS NOT NULL AND total IS DISTINCT FROM sum ORDER BY place LIMIT 100"
    ).fetchall()
    of = summary.of[0]
    return [
        Problem(
            place,
            "totals_differ",
            f"found {summary.header[0]} {text}, expected {_short(sum_)}, the sum of {of}. "
            "Are some rows missing?",
        )
        for place, text, sum_ in rows
    ]


def _short(number: str | None) -> str:
    return "0" if number is None else number.rstrip("0").rstrip(".")
