"""Whether a file fits a mapping: columns that are unmapped, missing or doubled."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.intake.header import is_nameless
from ledger.intake.tables.layout import folded
from ledger.intake.tables.mapping import OTHERS, Column, ZoneColumn
from ledger.intake.tables.refusals import MissingColumns, UnmappedColumns
from ledger.intake.tables.targets import RECONCILE
from ledger.kernel.fold import fold
from ledger.kernel.near import listed, near

if TYPE_CHECKING:
    from ledger.intake.tables.mapped import MappedTable


def refuse_doubled(mapped: "MappedTable") -> None:
    """Raises `UnmappedColumns` for a header that is read and occurs twice."""
    for name in mapped.mapping.headers:
        if there := mapped.header.doubled.get(fold(name)):
            said = " and ".join(map(repr, there))
            which = " or ".join(repr(f"{name} ({at})") for at in range(1, len(there) + 1))
            raise UnmappedColumns(
                f"{mapped.table.file.name}: {said} are columns of one name, and a mapping reads "
                "it.",
                f"Say which one, counted from the left: {which}.",
            )


def refuse_unmapped(mapped: "MappedTable") -> None:
    """Raises `UnmappedColumns` for headers that are neither read nor ignored."""
    mapping, table = mapped.mapping, mapped.table
    known = {folded(name) for name in mapping.headers} | {"error"}
    read = {mapped.header.at((name,)) for name in mapping.headers}
    unknown = [
        name
        for at, name in enumerate(table.names)
        if not is_nameless(name)
        and folded(name) not in known
        and at not in read
        and not any(fnmatchcase(fold(name), fold(header)) for header in mapping.ignore.headers)
    ]
    if not unknown:
        return
    said = []
    for name in unknown[:20]:
        meant = near(name, [*mapping.headers, *mapped.target.kinds], 1)
        said.append(repr(name) + (f" (did you mean {meant[0]!r}?)" if meant else ""))
    more = f" and {len(unknown) - 20} more" if len(unknown) > 20 else ""
    names = ", ".join(said) + more
    if mapped.is_own:
        raise UnmappedColumns(
            f"{table.file.name}: no column of {mapped.target.name} is called {names}.",
            "A file with headers of its own is read through a mapping. Have one drafted: "
            f"duebook files {table.file.name} --for {mapped.target.name}",
            file=table.file.name,
            columns=unknown,
        )
    raise UnmappedColumns(
        f"{table.file.name}: the mapping {mapping.name!r} neither reads nor ignores {names}.",
        "Map them in [columns], or name them in [ignore] headers, where * matches the rest.",
        file=table.file.name,
        columns=unknown,
    )


def refuse_missing(mapped: "MappedTable") -> None:
    """Raises `MissingColumns` for what neither the file nor the mapping nor an option gives."""
    lacks = [name for name in mapped.target.needed if name not in mapped.values]
    lacks += _unread(mapped)
    lacks += _missing_headers(mapped)
    if not lacks:
        return
    columns = mapped.mapping.columns
    wanted = [
        f"{name} (from {' or '.join(map(repr, columns[name][0].headers[:3]))})"
        if name in columns and columns[name][0].headers
        else name
        for name in dict.fromkeys(lacks)
    ]
    raise MissingColumns(
        f"{Path(mapped.table.file.name).name}: nothing gives {', '.join(wanted)}; found "
        f"{listed([*map(repr, filter(None, mapped.table.names))], 20) or 'no column'}.",
        'Map them in [columns], give one value for every row, { constant = "..." } or '
        "--set COLUMN=VALUE, or export the file with them.",
        file=mapped.table.file.name,
        missing=lacks,
    )


def _unread(mapped: "MappedTable") -> Iterator[str]:
    """Columns of ours that the mapping reads from headers that the file lacks. What a comparison
    only shows may be missing."""
    for name, sources in mapped.mapping.columns.items():
        if name in mapped.values or (
            mapped.target.name == RECONCILE
            and not any(source.sum or source.less for source in sources)
        ):
            continue
        if any(set(source.headers) - set(source.optional) for source in sources):
            yield name


def _missing_headers(mapped: "MappedTable") -> Iterator[str]:
    """Headers of equations, row conditions and the summary that are missing."""
    mapping, header = mapped.mapping, mapped.header
    for equation in mapping.equation:
        for name in (*equation.sum, *equation.less):
            if not header.knows(name) and name not in equation.optional:
                yield name
        if header.at(equation.is_) is None and equation.is_[0] not in equation.optional:
            yield equation.is_[0]
        yield from _unknown(mapped, *equation.when)
    rows = mapping.rows
    # a column that may be blank may be missing: it is blank in every row
    only = [name for name, texts in rows.only.items() if "" not in texts]
    yield from _unknown(mapped, *rows.filled, *only, *rows.pass_over)
    for sources in mapping.columns.values():
        for source in sources:
            yield from _companions(mapped, source)
    if (summary := mapping.summary) is not None:
        for some in (summary.header, summary.of, summary.by):
            if some and header.at(some) is None:
                yield some[0]


def _companions(mapped: "MappedTable", source: Column) -> Iterator[str]:
    """Missing headers that a column needs in addition to its own, where that is present."""
    own = (*source.header, *source.join)
    if own and mapped.header.at(own) is None:
        return
    for some in (source.times, source.zone.header if isinstance(source.zone, ZoneColumn) else ()):
        if some and mapped.header.at(some) is None and some[0] not in source.optional:
            yield some[0]
    yield from _unknown(mapped, *source.by)
    if source.fill != (OTHERS,):
        yield from _unknown(mapped, *source.fill)


def _unknown(mapped: "MappedTable", *names: str) -> Iterator[str]:
    """Names that are neither a column of the file nor one of ours."""
    for name in names:
        if not mapped.header.knows(name) and name not in mapped.values:
            yield name
