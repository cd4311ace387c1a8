"""One line with its explanation, down to the facts, their files and rows, and its orders."""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.kernel.decision import DaySpan
from ledger.kernel.errors import NoOrders, UnknownProgram
from ledger.kernel.period import Days
from ledger.programs.line import Line
from ledger.programs.registry import program_of
from ledger.usecases.closing.standing_lines import explain_standing
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.statements.line_history import IssuedLine, issued_line
from projections.pages.close_page import picture_of
from projections.web.looking import Looking
from projections.web.page import Answer, Cell, Page, Row, Section, Table
from projections.web.shown import listing, table_of
from projections.web.timelines import pictured


def line(looking: Looking, name: str) -> Answer:
    """A line by its whole id. Raises `NoSuchLine`, `UnknownProgram`."""
    program = name.partition("/")[0]
    try:
        run = looking.run(program)
    except UnknownProgram:
        looking.at()
        raise
    by_order = program_of(run.edition.rules).orders is not None
    asked = (looking.connection, name, run.clocks)
    settlement, answer = explain_standing(*asked, orders=by_order)

    def page() -> Page:
        issued = issued_line(
            *(looking.connection, program, settlement.period, name, looking.clocks.known_at)
        )
        return _page(looking, answer, settlement, issued)

    def data() -> Any:
        return {key: value for key, value in answer.items() if key != "orders"}

    return Answer(page, data, lambda: answer["orders"] if by_order else answer["facts"])


def orders_of(looking: Looking, name: str) -> list[Row]:
    """The orders behind a line; none for a line that is not based on any."""
    try:
        asked = (looking.connection, name, looking.clocks)
        orders: list[Row] = explain_standing(*asked, orders=True)[1]["orders"]
        return orders
    except NoOrders:
        return []


def _page(looking: Looking, answer: Row, settlement: Settlement, issued: list[IssuedLine]) -> Page:
    own = next(own for own in settlement.lines if own.line == answer["line"])
    sections = [
        *pictures_of(looking, settlement, [own], answer["facts"]),
        Section("why", "Why", tree=answer["explanation"]),
        Section("facts", "Facts", table=facts_table(looking, answer["facts"])),
    ]
    if answer["withdrawn"]:
        heading = "Withdrawn facts, which do not count"
        sections.append(
            Section("withdrawn", heading, table=facts_table(looking, answer["withdrawn"]))
        )
    orders = answer["orders"] if "orders" in answer else orders_of(looking, answer["line"])
    if orders:
        sections.append(listing(looking, "orders", "Orders", orders, example="amount > 100"))
    fields = list(_fields(looking, answer, settlement.period))
    fields += [("Issued", [Cell(_history(each))]) for each in issued]
    note = "Provisional: the period is not over." if answer["provisional"] else ""
    return Page(f"Line {answer['line']}", fields, sections, note)


def pictures_of(
    looking: Looking, settlement: Settlement, lines: Sequence[Line], facts: Iterable[Row]
) -> list[Section]:
    """What happened around lines of a program, on an axis of days, and what the program draws of
    each of them."""
    days = settlement.days
    terms = []
    if isinstance(days, Days):
        terms.append(DaySpan(settlement.period or "the term", days.first, days.last))
    drawn = list(pictured(looking.zone, [line.explanation for line in lines], facts, terms))
    program = program_of(settlement.edition.rules)
    drawn += [picture_of(chart) for line in lines for chart in program.charts_of_line(line)]
    if not drawn:
        return []
    return [Section("pictures", "Pictures", pictures=drawn)]


def facts_table(looking: Looking, facts: Sequence[Row]) -> Table | None:
    """Facts with the file and row that each came in; None for none."""
    names = ("position", "type", "at", "stream", "by", "file", "withdrawn_by")
    rows = [
        {name: fact[name] for name in names if name in fact} | {"row": fact["line"]}
        for fact in facts
    ]
    return table_of(looking, rows) if rows else None


def _fields(
    looking: Looking, answer: dict[str, Any], period: str | None
) -> list[tuple[str, list[Cell]]]:
    program = answer["program"]
    parts = ("programs", program, period) if period else ("programs", program)
    head = {name: answer[name] for name in ("outcome", "amount", "currency")}
    row = head | {name: answer[name] for name in ("payee", "payer", "subject")}
    row |= {"why": ", ".join(answer["unmet"] or answer["held_for"])}
    table = table_of(looking, [row])
    cells = dict(zip((label for label, _ in table.heads), table.rows[0], strict=True))
    amount = " ".join(filter(None, [cells["amount"].text, cells["currency"].text]))
    fields = [("Program", [Cell(" ".join(filter(None, [program, period])), looking.link(*parts))])]
    if amount:
        fields.append(("Amount", [Cell(amount, kind="n")]))
    for label, name in (("Outcome", "outcome"), ("Why", "why"), ("Payee", "payee"),
                        ("Payer", "payer"), ("Subject", "subject")):  # fmt: skip
        if cells[name].text:
            fields.append((label, [cells[name]]))
    terms = answer["terms"]
    fields.append(("Terms", [Cell(f"{terms['publisher']} version {terms['version']}")]))
    return fields


def _history(issued: IssuedLine) -> str:
    """What the payee was told at the close, and what has changed since."""
    said = f"to {issued.payee} at position {issued.closed} by {issued.by}"
    if issued.moved is not None:
        said += f"; adjusted at position {issued.moved}"
    if issued.reason:
        said += f", the platform's figure, accepted because: {issued.reason}"
    return said
