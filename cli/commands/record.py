"""`duebook record`: takes facts in."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.destination import INPUT, OUTPUT_FILE, PROFILE, Destination
from cli.numbers import ZONE
from cli.options import Ask, answering, not_empty, now, system_user
from cli.output import Out
from cli.progress import progress
from cli.talk import say, say_nameless
from cli.typed import completing
from ledger.kernel.counted import counted

if TYPE_CHECKING:
    from ledger.intake.rejection import Rejection
    from ledger.intake.tables.mapping import Mapping
    from ledger.usecases.recording.record import RecordAnswer

SHOWN_MAX = 20
SAID = ', "error": '
"""How a rejected line names what is wrong with it, as its last field."""


@click.command()
@click.argument("files", type=INPUT, nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--type",
    "type_",
    metavar="TYPE",
    shell_complete=completing("facts"),
    help="Fact type for rows without a `type`.",
)
@PROFILE
@click.option("--zone", type=ZONE, metavar="Z", help="The zone of times without one: Asia/Tokyo.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; record nothing.")
@click.option("--strict", is_flag=True, help="Reject facts that come with a warning.")
@click.option(
    "--rejects",
    type=OUTPUT_FILE,
    metavar="OUT.ndjson",
    help="Record the good facts; write the others there.",
)
@click.option(
    "--keep-files",
    is_flag=True,
    help="Keep the files themselves too, in BOOK.files, each under its SHA-256.",
)
@click.option(
    "--by", metavar="NAME", callback=not_empty, help="Who reports this [the system user]."
)
@answering(writes=True)
def record(
    files: tuple[str, ...],
    type_: str | None,
    profile: str,
    zone: str | None,
    dry_run: bool,
    strict: bool,
    rejects: Destination | None,
    keep_files: bool,
    by: str | None,
    ask: Ask,
) -> int:
    """Record facts from files of any format, or NDJSON from standard input with `-`.

    All the files of one call are recorded, or none. A fact that the book knows is counted and
    not recorded again, so that a file may be sent twice. The log has the digest of every file;
    with --keep-files an exact copy is kept beside the book as well, which `verify` checks.

    \b
    duebook record january.ndjson rates.csv
    duebook record stock.csv --type StockListed
    duebook record sales.xlsx --profile their-sales.toml
    crm-export | duebook record -
    duebook record january.ndjson --rejects fix-me.ndjson
    """
    from ledger.usecases.looking.catalogue_of_facts import fact_named
    from ledger.usecases.recording.record import record as usecase
    from ledger.usecases.recording.tables import Through

    if type_ is not None:
        fact_named(type_)
    through = Through(_mapping(profile, type_), zone)
    where = ask.out
    totals = {"reading": sum(_size(name) for name in files)}
    with ask.opened() as book, progress(totals) as report:
        answer = usecase(
            book,
            files,
            now=now(),
            by=by or system_user(),
            default_type=type_,
            strict=strict,
            keep_good=rejects is not None,
            dry_run=dry_run,
            keep_files=keep_files,
            helped=True,
            through=through,
            progress=report,
        )
    if rejects is not None and answer.rejected:
        with rejects.opened(errors="backslashreplace") as file:
            file.writelines(map(_to_fix, answer.rejected))
        say(f"{counted(len(answer.rejected), 'rejected row')} written to {rejects}.")
    _show(where, answer, dry_run, keeping=rejects is not None)
    if keep_files and not answer.kept:
        say("No file was kept: a call that records nothing keeps nothing.")
    return 1 if answer.rejected and rejects is None else 0


def _mapping(profile: str, type_: str | None) -> "Mapping | None":
    """The mapping of a profile. Raises `BadMapping` if it is not for facts."""
    from ledger.intake.tables.mappings import mapping_named
    from ledger.intake.tables.refusals import BadMapping
    from ledger.intake.tables.targets import ORDERS, RECONCILE

    mapping = mapping_named(profile)
    if mapping is None:
        return None
    if mapping.for_ in (ORDERS, RECONCILE):
        raise BadMapping(
            f"The profile {mapping.name!r} is for {mapping.for_}, not for facts.",
            f'Give the file to duebook {mapping.for_}; or write for = "GMVRecorded", or another '
            "type, in a mapping of your own.",
        )
    if type_ is not None:
        raise click.UsageError(f"--type goes without --profile: {profile} is for {mapping.for_}.")
    return mapping


def _show(where: Out, answer: "RecordAnswer", dry_run: bool, *, keeping: bool) -> None:
    if where.is_table:
        say_nameless(answer.nameless)
        _show_known(answer)
        _show_table(where, answer, _summary(answer, dry_run, keeping=keeping), keeping=keeping)
        return
    data = answer.as_json()
    problems = [
        {"is": kind, **problem} for kind in ("rejected", "warnings") for problem in data[kind]
    ]
    where.data(data, problems)


def _show_table(where: Out, answer: "RecordAnswer", summary: list[str], *, keeping: bool) -> None:
    """Shows rejections last if they keep everything from being recorded, and then without warnings:
    many of those are only there because the rejected facts are missing."""
    refused = bool(answer.rejected) and not keeping
    listed = {"rejected": answer.rejected, "warnings": [] if refused else answer.warnings}
    if refused:
        where.text(summary)
        if answer.warnings:
            count = f"{len(answer.warnings):,} warnings"
            say(f"{count} of the other rows are left out until these are fixed; --format json.")
    for rejections in listed.values():
        for rejection in rejections[:SHOWN_MAX]:
            _show_place(rejection.as_json())
    for name, rejections in listed.items():
        if len(rejections) > SHOWN_MAX:
            say(f"... and {len(rejections) - SHOWN_MAX:,} more {name}; see --format json.")
    if not refused:
        where.text(summary)


def _show_known(answer: "RecordAnswer") -> None:
    """With -v, says which rows were skipped as known, and where the book has them."""
    if not click.get_current_context().find_root().obj["verbose"]:
        return
    for row in answer.known_rows[:SHOWN_MAX]:
        where = f"at position {row['position']}" if row["position"] else "from an earlier row"
        say(f"{row['file']}:{row['line']}: known {where}")
    if (more := answer.known - SHOWN_MAX) > 0:
        say(f"... and {more:,} more known rows; see --format json.")


def _show_place(problem: dict[str, Any]) -> None:
    say(f"{problem['file']}:{problem['line']}: {problem['code']}: {problem['error']}")
    say(f"    {problem['hint']}")


def _summary(answer: "RecordAnswer", dry_run: bool, *, keeping: bool) -> list[str]:
    would = "would be " if dry_run else ""
    parts = [f"{answer.recorded:,} {would}recorded", f"{answer.known:,} known before"]
    if answer.still_withdrawn:
        parts.append(f"{answer.still_withdrawn:,} of them withdrawn")
    if answer.rejected:
        parts.append(f"{len(answer.rejected):,} rejected")
    if answer.warnings:
        parts.append(f"{len(answer.warnings):,} warnings")
    lines = [", ".join(parts) + f".  The book is now at position {answer.position:,}."]
    if answer.rejected and not keeping:
        lines.append(
            "Nothing was recorded. Fix the lines and record the files again, or add "
            "--rejects OUT.ndjson to record the others."
        )
    elif answer.recorded and not dry_run:
        if answer.kept:
            folder = Path(answer.kept[0]).parent
            lines.append(f"Kept {counted(len(answer.kept), 'file')} in {folder}")
        lines.append(f"Receipt {answer.receipt}")
    return lines


def _to_fix(rejection: "Rejection") -> str:
    """The line exactly as it was sent, with what is wrong with it.

    Parsing and rewriting it would lose repeated keys and digits of very long numbers.
    """
    said = (
        f"{rejection.file}:{rejection.line}: {rejection.code}: {rejection.error} {rejection.hint}"
    )
    data = rejection.raw if isinstance(rejection.raw, dict) else {"raw": rejection.raw}
    text = (rejection.text or "").rpartition(SAID)[0] + "}" if "error" in data else rejection.text
    if text and text != "}" and data:
        return f"{text[:-1].rstrip()}{SAID}{json.dumps(said, ensure_ascii=False)}}}\n"
    return json.dumps({**data, "error": said}, ensure_ascii=False) + "\n"


def _size(name: str) -> int:
    path = Path(name)
    return path.stat().st_size if name != "-" and path.is_file() else 0
