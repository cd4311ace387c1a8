"""One fact, down to its file and row; one thing with its state; one order with its versions."""

from typing import Any

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import StatementEvent, sides_of
from ledger.kernel.decision import DaySpan
from ledger.kernel.errors import NoSuchLine, NoSuchPosition, UnknownProgram
from ledger.kernel.period import Days
from ledger.programs.registry import program_of, programs
from ledger.store.log import read_positions
from ledger.usecases.closing.every_statement import names_of_statements
from ledger.usecases.closing.standing_lines import explain_standing
from ledger.usecases.looking.order_versions import order_versions
from ledger.usecases.looking.short_names import all_meanings
from ledger.usecases.looking.show import event_json, lifts, show
from ledger.usecases.settling.explain import provenance
from projections.pages.close_page import picture_of
from projections.web.looking import Looking
from projections.web.page import Answer, Cell, Page, Row, Section
from projections.web.shown import fields_of, listing, table_of
from projections.web.timelines import pictured
from projections.web.views.lines import facts_table

OF_PLACE = ("position", "stream", "type", "at", "recorded_at", "by", "batch")


def fact(looking: Looking, position: str) -> Answer:
    """An event by its position. Raises `NoSuchPosition`."""
    known_at = looking.at().known_at
    number = int(position) if position.isascii() and position.isdigit() else 0
    if not 1 <= number <= known_at:
        raise NoSuchPosition(
            f"There is no position {position!r}: they are 1 to {known_at}.",
            "Look at the whole log, or at later clocks.",
        )
    event = next(iter(read_positions(looking.connection, [number])))
    row = event_json(event)
    by = lifts(looking.connection, known_at).get(number)
    came = provenance(looking.connection, {number})[0]
    row |= {} if by is None else {"withdrawn_by": by}
    data = row | {"file": came["file"], "line": came["line"]}

    def page() -> Page:
        return _fact_page(looking, event, row, came)

    return Answer(page, lambda: data, lambda: [data])


def _fact_page(looking: Looking, event: Logged, row: Row, came: Row) -> Page:
    place = f"{came['file']}:{came['line']}" if came["line"] else came["file"]
    head = {name: row[name] for name in OF_PLACE if row.get(name)}
    head["by"] = came["by"]
    fields = fields_of(looking, head)
    if place:
        fields.append(("File and row", [Cell(place, kind="c")]))
    if "withdrawn_by" in row:
        position = str(row["withdrawn_by"])
        link = looking.link("facts", position)
        fields.append(("Withdrawn", [Cell(f"by the event at position {position}", link)]))
    fields.append(("Hash", [Cell(row["hash"], kind="c")]))
    content = {
        name: value for name, value in row.items()
        if name not in (*OF_PLACE, "version", "row", "hash", "withdrawn_by")
    }  # fmt: skip
    number = event.position
    around = [
        Cell(f"position {near}", looking.link("facts", str(near)))
        for near in (number - 1, number + 1)
        if 1 <= near <= looking.clocks.known_at
    ]
    said = fields_of(looking, {name: value for name, value in content.items() if value != ""})
    sections = [Section("content", "What it says", fields=said, empty="")]
    if isinstance(event.event, StatementEvent):
        link = looking.link("statements", event.event.statement)
        own = Cell(event.event.statement, link)
        sections.append(Section("statement", "Statement", notes=[own], empty=""))
    sections.append(Section("around", "Next to it in the log", notes=around, empty=""))
    return Page(f"{row['type']} at position {number}", fields, sections)


def stream(looking: Looking, name: str) -> Answer:
    """A thing's state, the facts that it follows from, and its lines. Raises `NoSuchStream`."""
    clocks = looking.at()
    answer = show(looking.connection, name, clocks)

    def page() -> Page:
        return _stream_page(looking, name, answer)

    return Answer(page, lambda: answer, lambda: answer["facts"])


def _stream_page(looking: Looking, name: str, answer: dict[str, Any]) -> Page:
    connection = looking.connection
    facts = provenance(connection, {row["position"] for row in answer["facts"]})
    sections = []
    if answer["state"]:
        state = fields_of(looking, answer["state"])
        sections.append(Section("state", "State", fields=state, empty=""))
    lines = _lines_of(looking, name)
    trees = [line["tree"] for line in lines]
    spans = [span for line in lines for span in line["days"]]
    drawn = list(pictured(looking.zone, trees, facts, list(dict.fromkeys(spans))))
    drawn += [picture for line in lines for picture in line["pictures"]]
    if drawn:
        sections.append(Section("pictures", "Pictures", pictures=drawn))
    if lines:
        own = [line["row"] for line in lines]
        sections.append(Section("lines", "Lines", table=table_of(looking, own)))
    statements = [
        {"statement": own}
        for own in names_of_statements(connection, looking.clocks)
        if name in sides_of(own)
    ]
    if statements:
        listed = table_of(looking, statements)
        sections.append(Section("statements", "Statements", table=listed))
    in_order = {row["position"]: number for number, row in enumerate(answer["facts"])}
    facts.sort(key=lambda row: in_order[row["position"]])
    counting = "Facts that count, in the order in which they happened"
    sections.append(Section("facts", counting, table=facts_table(looking, facts)))
    if answer["not_counted"]:
        links = [Cell(f"position {at}", looking.link("facts", str(at)))
                 for at in answer["not_counted"]]  # fmt: skip
        heading = "Withdrawn, or after as-of"
        sections.append(Section("not-counted", heading, notes=links, empty=""))
    return Page(name, [], sections)


def _lines_of(looking: Looking, name: str) -> list[Row]:
    """The lines about a thing, each with what a picture of it needs."""
    kind, _, rest = name.partition(":")
    if kind not in {word for own in programs().values() for word in own.subject.split(" or ")}:
        return []
    try:
        meanings = all_meanings(looking.connection, rest, looking.clocks)
    except UnknownProgram:  # a name that reads as the beginning of several programs
        return []
    lines = []
    for meant in meanings:
        try:
            asked = (looking.connection, meant.line, looking.clocks)
            settlement, answer = explain_standing(*asked)
        except (NoSuchLine, UnknownProgram):
            continue
        own = next(line for line in settlement.lines if line.line == meant.line)
        days = settlement.days
        label = f"{settlement.period or 'term'} of {settlement.edition.program}"
        names = ("line", "payee", "outcome", "amount", "currency")
        row = {key: answer[key] for key in names}
        row["why"] = ", ".join(answer["unmet"] or answer["held_for"])
        charts = program_of(settlement.edition.rules).charts_of_line(own)
        lines.append({
            "row": row,
            "tree": own.explanation,
            "days": [DaySpan(label, days.first, days.last)] if isinstance(days, Days) else [],
            "pictures": [picture_of(chart) for chart in charts],
        })  # fmt: skip
    return lines


def order(looking: Looking, store: str, order_id: str) -> Answer:
    """An order: every version of its rows, and which of them count. Raises `NoOrders`."""
    clocks = looking.at()
    rows = order_versions(looking.connection, store, order_id, clocks)

    def page() -> Page:
        lines = [
            {"line": meant.line} for meant in all_meanings(looking.connection, order_id, clocks)
            if meant.order == order_id
        ]  # fmt: skip
        link = Cell(f"store {store}", looking.link("streams", f"store:{store}"))
        sections = [listing(looking, "versions", "Versions of its rows", rows)]
        if lines:
            sections.append(
                Section("lines", "Lines that it counts in", table=table_of(looking, lines))
            )
        return Page(f"Order {order_id}", [("Store", [link])], sections)

    return Answer(page, lambda: rows, lambda: rows)
