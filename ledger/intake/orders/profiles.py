"""Profiles: how the headers of a platform's export are matched to the columns of an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.intake.header import is_nameless
from ledger.intake.orders.refusals import (
    BadOrderProfile,
    DoubledColumn,
    MissingColumn,
    UnknownColumn,
)
from ledger.kernel.fold import fold
from ledger.kernel.orderlines import COLUMNS, ENUMERATIONS, OPTIONAL

DIRECTIVES = frozenset("YmdHMSfIpz%")
"""What a time format may hold: directives that DuckDB and Python read alike."""


@dataclass(frozen=True)
class Profile:
    """How one platform writes its order files.

    `synonyms` are further headers of a column, `ignored` headers that are known and not used.
    `time_format` (strptime) replaces ISO 8601; without `%z` in it the times are local ones of
    `zone`. `words` translates a platform's values of an enumerated column.
    """

    name: str = "canonical"
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    time_format: str | None = None
    zone: str | None = None
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    delimiter: str = ","

    def __post_init__(self) -> None:
        """Raises `BadOrderProfile` for what could only misread a file."""
        for column in [*self.synonyms, *self.words]:
            if column not in COLUMNS:
                raise self._bad(f"knows no column {column!r}", f"Columns: {', '.join(COLUMNS)}.")
        for column, words in self.words.items():
            if column not in ENUMERATIONS or not set(words.values()) <= set(ENUMERATIONS[column]):
                raise self._bad(
                    f"translates {column} to what it cannot be",
                    f"It can be {' or '.join(ENUMERATIONS.get(column, ('any text',)))}.",
                )
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise self._bad(f"has the delimiter {self.delimiter!r}", "Give one character.")
        self._check_times()
        self.headers()

    def _check_times(self) -> None:
        if self.time_format is None:
            if self.zone is not None:
                raise self._bad("has a zone and no time_format", "Give both or none.")
            return
        directives = [piece[:1] for piece in self.time_format.replace("%%", "").split("%")[1:]]
        if not set(directives) <= DIRECTIVES:
            raise self._bad(
                f"has the time format {self.time_format!r}",
                "Use %Y %m %d %H %I %M %S %f %p and %z.",
            )
        if ("z" in directives) == (self.zone is not None):
            raise self._bad("must say the zone once", "Put %z into time_format, or name a zone.")
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise self._bad(f"knows no zone {self.zone!r}", "As in Asia/Shanghai.") from None

    def headers(self) -> dict[str, str | None]:
        """Every folded header with its column; None for those that are known and not used.

        What is wrong with a row stands beside it in a file of rejects; mended rows may keep it.
        """
        found: dict[str, str | None] = {fold("error"): None}
        found |= {fold(column): column for column in COLUMNS}
        pairs = [(name, column) for column, names in self.synonyms.items() for name in names]
        for name, column in [*pairs, *((name, None) for name in self.ignored)]:
            if found.setdefault(fold(name), column) != column:
                raise self._bad(f"means two things by {name!r}", "Keep one of them.")
        return found

    def _bad(self, what: str, hint: str) -> BadOrderProfile:
        return BadOrderProfile(f"the profile {self.name!r} {what}.", hint, profile=self.name)


CANONICAL = Profile()


def match(
    file: str, header: Sequence[str], profile: Profile, fixed: Mapping[str, str]
) -> list[str | None]:
    """The column of each header, None where it is not used or has no name.

    Raises `UnknownColumn` with the nearest known name, `DoubledColumn` or `MissingColumn`.
    """
    known = profile.headers()
    columns: list[str | None] = []
    for name in header:
        folded = fold(name)
        if is_nameless(name):
            columns.append(None)
            continue
        if folded not in known:
            near = get_close_matches(folded, known, n=1)
            raise UnknownColumn(
                f"{file}: the profile {profile.name!r} knows no column {name!r}.",
                f"Did you mean {known[near[0]] or near[0]!r}?"
                if near
                else f"Known columns: {', '.join(COLUMNS)}.",
                file=file,
                column=name,
                nearest=(known[near[0]] or near[0]) if near else None,
            )
        columns.append(known[folded])
    _refuse_doubled(file, header, columns, fixed)
    for column in COLUMNS:
        if column not in columns and column not in fixed and column not in OPTIONAL:
            option = "--store S" if column == "store" else f"--set {column}=VALUE"
            raise MissingColumn(
                f"{file}: the column {column!r} is missing; found {', '.join(header)[:200]}.",
                f"Add it, or give one value for every row: {option}.",
                file=file,
                column=column,
            )
    return columns


def _refuse_doubled(
    file: str, header: Sequence[str], columns: Sequence[str | None], fixed: Mapping[str, str]
) -> None:
    for column in filter(None, dict.fromkeys(columns)):
        names = [name for name, meant in zip(header, columns, strict=True) if meant == column]
        if len(names) > 1:
            raise DoubledColumn(
                f"{file}: the columns {' and '.join(map(repr, names))} both mean {column}.",
                "Keep one of them.",
                file=file,
                column=column,
            )
        if column in fixed:
            raise DoubledColumn(
                f"{file}: has a column {names[0]!r}, and an option sets {column} as well.",
                "Leave out the option; it is for files that lack the column.",
                file=file,
                column=column,
            )


def check_fixed(fixed: Mapping[str, str]) -> None:
    """Raises `BadOrderProfile` for a fixed value of a column that orders do not have."""
    for column in fixed:
        if column not in COLUMNS:
            near = get_close_matches(column, COLUMNS, n=1)
            raise BadOrderProfile(
                f"an order has no column {column!r} that could be set.",
                f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(COLUMNS)}.",
                column=column,
            )


PROFILES = {CANONICAL.name: CANONICAL}
"""The profiles that there are, by name."""


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises `BadOrderProfile` with the nearest one."""
    found = PROFILES.get(name)
    if found is None:
        near = get_close_matches(name, PROFILES, n=1)
        raise BadOrderProfile(
            f"There is no profile {name!r}.",
            f"Did you mean {near[0]}?" if near else f"Profiles: {', '.join(PROFILES)}.",
        )
    return found
