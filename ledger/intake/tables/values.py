"""A mapping's columns over the cells of a file, as SQL: what is read, and from what."""

from collections.abc import Sequence

from ledger.intake.columns import BLANKS
from ledger.intake.tables import amounts, quick, times
from ledger.intake.tables.cells import Cells
from ledger.intake.tables.header import Header
from ledger.intake.tables.mapping import Column, Kind, Mapping, ZoneColumn
from ledger.intake.tables.marked import in_words, mark
from ledger.intake.tables.rows import MOMENT, NUMBER, SAFE_DIGITS, UNREADABLE
from ledger.intake.tables.value import Value
from ledger.kernel.duck import literal


class Values(Cells):
    """Our columns over the cells of a file."""

    def __init__(
        self,
        mapping: Mapping,
        header: Header,
        *,
        marked: bool,
        in_place: bool = False,
        own: bool = False,
        zone: str | None = None,
    ) -> None:
        """`own` says that the file is written as ours are, so that nothing needs to be mapped;
        `in_place` that it is a long text which is read in place."""
        super().__init__(mapping, header, marked=marked, in_place=in_place)
        self._own, self._zone = own, zone or mapping.file.zone
        sources = [column for each in mapping.columns.values() for column in each if column.unit]
        self._units = {word: meant for source in sources for word, meant in source.words.items()}
        added = {header.at(synonyms) for synonyms in mapping.added}
        self._added = sorted(at for at in added if at is not None)
        for at in self._added:
            self.step(f"n{at}", self._number(at))

    def amount(self, synonyms: Sequence[str], column: Column | None = None) -> tuple[str, str]:
        """A cell's text, and its amount as a decimal that can be added, zero for a blank one; with
        the marks of a column of ours, or the file's."""
        at = self._header.at(synonyms)
        if at is None:
            return "NULL::VARCHAR", "0"
        if column is not None:
            return self._cell(at), self._number(at, column)
        return self._cell(at), f"n{at}" if at in self._added else self._number(at)

    def _number(self, at: int, column: Column | None = None) -> str:
        """The amount in a column of the file, as a column of ours reads it."""
        cell = self._cell(at)
        column = column or self._column_of(at)
        text = self._prepared(cell, column) if column else cell
        return amounts.term(text, self._decimal(text, *self._marks_of(column)))

    def _column_of(self, at: int) -> Column | None:
        """The column of ours that is read from one of the file: both read its cells alike."""
        all_ = (source for sources in self._mapping.columns.values() for source in sources)
        return next(
            (column for column in all_ if column.header and self._header.at(column.header) == at),
            None,
        )

    def _marks_of(self, column: Column | None) -> tuple[str, str | None]:
        """The mark before decimals, and that between thousands."""
        if column is None:
            return self._file.decimal, self._file.thousands
        thousands = self._file.thousands if column.thousands is None else column.thousands
        decimal = column.decimal or self._file.decimal
        return decimal, None if thousands == decimal else thousands

    def value(self, sources: Sequence[Column], kind: Kind) -> Value | None:
        """A column of ours; None where the file has no column that it could come from.

        The first source that is not blank counts, even where it is not what it should be.
        """
        read = (self._of(source, kind, len(sources) == 1) for source in sources)
        values = [value for value in read if value is not None]
        if len(values) < 2:
            return values[0] if values else None
        whens = " ".join(f"WHEN {value.raw} IS NOT NULL THEN {value.sql}" for value in values)
        raw = f"coalesce({', '.join(value.raw for value in values)})"
        units = tuple(unit for value in values for unit in value.units)
        return Value(f"CASE {whens} END", raw, kind, units=units)

    def _of(self, column: Column, kind: Kind, sole: bool) -> Value | None:
        if not all(map(self._header.knows, {*column.when} - {*self._mapping.columns})):
            return None  # no row can meet its condition
        if column.constant is not None:
            said = literal(column.constant)
            made: Value | None = Value(self._converted(said, column, kind), said, kind)
        elif column.sum or column.less:
            made = self._sum(column, kind)
        elif column.unit:
            made = self._unit(column, kind)
        else:
            made = self._read(column, kind, sole and not (column.when or column.by))
        if made is not None and column.when:
            made = self._where(made, column)
        if made is None or not column.by:
            return made
        alike = [self.text((name,)) for name in column.by]
        summed = amounts.summed_over(made.sql, made.raw, alike)
        return Value(*summed, kind, units=made.units)

    def _where(self, made: Value, column: Column) -> Value:
        """What a source gives in rows that meet its condition."""
        holds = self.holds(column.when)
        value, raw, *units = (
            f"CASE WHEN {holds} THEN {sql} END" for sql in (made.sql, made.raw, *made.units)
        )
        return Value(value, raw, made.kind, units=tuple(units))

    def _unit(self, column: Column, kind: Kind) -> Value | None:
        at = self._header.at(column.unit)
        if at is None:
            return None
        cell = self._shown(self._cell(at))
        unit, raw = amounts.unit_of(cell, column.words), amounts.beside(cell)
        if column.default is not None:
            unit = f"CASE WHEN {raw} IS NULL THEN {literal(column.default)} ELSE {unit} END"
            raw = cell
        return Value(unit, raw, kind)

    def _sum(self, column: Column, kind: Kind) -> Value | None:
        there = [name for name in (*column.sum, *column.less) if self._header.knows(name)]
        lacks = {*column.sum, *column.less} - {*there, *column.optional}
        if lacks or not there:
            return None
        parts = {name: self.amount((name,), column) for name in there}
        plus = [parts[name][1] for name in column.sum if name in parts]
        less = [parts[name][1] for name in column.less if name in parts]
        raw = f"concat_ws(' ', {', '.join(self._shown(cell) for cell, _ in parts.values())})"
        total = amounts.summed(plus, less)
        value = amounts.as_text(f"-({total})" if column.negate else total)
        blank = f"nullif({raw}, '')"
        other = "NULL::VARCHAR" if column.default is None else literal(column.default)
        whole = f"CASE WHEN {blank} IS NOT NULL THEN {value} ELSE {other} END"
        units = tuple(self._unit_in_cell(cell, column) for cell, _ in parts.values())
        return Value(whole, f"coalesce({blank}, {other})", kind, units=units)

    def _unit_in_cell(self, cell: str, column: Column, value: str | None = None) -> str:
        """The currency written in the cell of an amount, in SQL; NULL for none."""
        unit = amounts.unit_of(self._shown(self._prepared(cell, column)), self._units)
        altered = column.words or column.replace or column.negate or column.decimals is not None
        if value is None or altered or not column.header:
            return unit
        # a cell no longer than its plain decimal has nothing next to its digits
        whole = cell if column.fill else f"c{self._header.at(column.header)}"
        return f"CASE WHEN length({whole}) > length({value}) THEN {unit} END"

    def _read(self, column: Column, kind: Kind, sole: bool) -> Value | None:
        """A column of one cell, or of some that are read as one text."""
        names = column.header or column.join
        if column.header:
            at = self._header.at(column.header)
            if at is None:
                return None
            if sole and self._is_plain(column, kind):
                return Value(f"c{at}", f"c{at}", kind, plain=True)
            cell = self._cell(at, column.fill)
        else:
            places = [self._header.at((name,)) for name in names]
            if None in places:
                return None
            cells = ", ".join(self._shown(self._cell(at)) for at in places if at is not None)
            cell = f"nullif(concat_ws(' ', {cells}), '')"
        raw = self._shown(cell)
        if column.take is not None and kind in ("id", "text", "currency"):
            raw = self._shown(self._prepared(cell, column))
        value = self._converted(cell, column, kind)
        if self._in_place and column.header and self._is_bare(column):
            value = self._quick(self._header.at(column.header) or 0, column, kind, value)
            if sole and value.startswith("CASE"):
                value = self.step(f"v{len(self._steps[True])}_", value, last=True)
        units = (self._unit_in_cell(cell, column, value),) if kind == "amount" else ()
        if column.times:
            value, raw = self._times(value, raw, column)
        if isinstance(column.zone, ZoneColumn) and column.zone.header and kind == "instant":
            raw = f"{raw} || coalesce(' ' || {self.text(column.zone.header)}, '')"
        return Value(value, raw, kind, units=units)

    def _times(self, value: str, raw: str, column: Column) -> tuple[str, str]:
        """What one piece costs times how many there are."""
        at = self._header.at(column.times)
        if at is None:
            return "NULL::VARCHAR", raw
        cell = self._cell(at)
        number = self._decimal(cell, *self._marks_of(column))
        return amounts.times(value, number), f"{raw} || coalesce(' x ' || {self._shown(cell)}, '')"

    def _is_bare(self, column: Column) -> bool:
        """Whether a cell is read as it is."""
        done = (column.replace, column.take, column.strip, column.fill, column.times)
        return not (any(done) or self._file.strip or self._file.blanks)

    def _quick(self, at: int, column: Column, kind: Kind, slow: str) -> str:
        """The value of a cell by the fast path, where it is written as nearly all are; else by
        `slow`."""
        match kind:
            case "amount" if not (column.negate or column.decimals is not None or column.words):
                decimal, thousands = self._marks_of(column)
                point = self.step(f"p{at}", quick.point(f"c{at}", decimal))
                return quick.amount(f"c{at}", point, decimal, thousands, column.default, slow)
            case "instant" if column.formats and not isinstance(column.zone, ZoneColumn):
                zone = self._zoned(column)
                if not all(map(times.is_bare, column.formats)) or zone == times.NO_ZONE:
                    return slow
                local = self.step(f"l{at}", times.parsed(f"c{at}", list(column.formats)))
                there = times.in_zone(local, zone)
                return f"CASE WHEN {local} IS NOT NULL THEN {there} ELSE {slow} END"
            case "text" if column.words and kind == "text":
                return quick.word(f"c{at}", column.words, slow)
        return slow

    def _is_plain(self, column: Column, kind: Kind) -> bool:
        """Whether a cell needs no more than any other."""
        done = (column.words, column.replace, column.take, column.strip, column.fill)
        if self._marked or self._file.blanks or self._file.strip or any(done):
            return False
        if column.negate or column.default:
            return False
        if kind == "instant":
            return self._own and not column.formats and self._zoned(column) == times.NO_ZONE
        return self._own or kind not in ("amount", "day", "currency")

    def _prepared(self, cell: str, column: Column) -> str:
        """The text of a cell after its replacements, pattern, strips and words."""
        text = cell
        for old, new in column.replace.items():
            text = f"replace({text}, {literal(old)}, {literal(new)})"
        if column.take is not None:
            text = f"nullif(regexp_extract({self._shown(text)}, {literal(column.take)}, 1), '')"
        if column.strip:
            text = f"nullif(trim({text}, {literal(column.strip + BLANKS)}), '')"
        if column.words:
            text = in_words(self._shown(text), column.words)
        return text

    def _converted(self, cell: str, column: Column, kind: Kind) -> str:
        """The value of a cell, prepared first."""
        text = self._prepared(cell, column)
        if column.default is not None:
            text = f"coalesce({text}, {literal(column.default)})"
        match kind:
            case "amount":
                value = self._decimal(text, *self._marks_of(column))
                if column.decimals is not None:
                    value = amounts.shifted(value, column.decimals)
                return amounts.negated(value) if column.negate else value
            case "currency" if not self._own:
                return f"upper({self._readable(text)})"
            case "instant":
                return self._instant(text, column)
            case "day":
                read = times.day(self._shown(text), column.formats, self._zone_of_day(column))
                if not self._marked:
                    return read
                own = times.day_of_cell(text)
                return f"CASE WHEN starts_with({text}, {mark(MOMENT)}) THEN {own} ELSE {read} END"
            case "id" | "text" if self._marked:
                digits = f"length(replace({text}, '-', '')) > {SAFE_DIGITS + 1}"
                lost = f"starts_with({text}, {mark(NUMBER)}) AND {digits}"
                return f"CASE WHEN NOT ({lost}) THEN {self._readable(text)} END"
        return self._readable(text)

    def _readable(self, text: str) -> str:
        """A text, NULL for a cell that holds no value."""
        if not self._marked:
            return text
        return f"CASE WHEN NOT starts_with({text}, {mark(UNREADABLE)}) THEN {self._shown(text)} END"

    def _decimal(self, text: str, decimal: str, thousands: str | None) -> str:
        read = amounts.plain(text, decimal, thousands, self._units)
        if not self._marked:
            return read
        return (
            f"CASE WHEN starts_with({text}, {mark(NUMBER)}) THEN substr({text}, 2) ELSE {read} END"
        )

    def _instant(self, text: str, column: Column) -> str:
        zone = self._zoned(column)
        read = times.instant(self._shown(text), column.formats, zone)
        if not self._marked:
            return read
        own = times.in_zone(f"TRY_CAST(substr({text}, 2) AS TIMESTAMP)", zone)
        return f"CASE WHEN starts_with({text}, {mark(MOMENT)}) THEN {own} ELSE {read} END"

    def _zoned(self, column: Column) -> times.Zoned:
        if isinstance(column.zone, ZoneColumn):
            text = self.text(column.zone.header) if column.zone.header else None
            return times.Zoned(self._zone, text, dict(column.zone.words))
        return times.Zoned(column.zone or self._zone)

    def _zone_of_day(self, column: Column) -> times.Zoned:
        """The zone in which the day is taken of a time that says its own."""
        if isinstance(column.zone, ZoneColumn):
            return times.Zoned(None, None, dict(column.zone.words))
        return times.Zoned(column.zone)
