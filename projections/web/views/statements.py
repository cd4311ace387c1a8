"""One statement, as its issuer sees it: every line leads to its explanation."""

from typing import Any

from ledger.kernel.errors import UnknownProgram
from ledger.usecases.closing.every_statement import one_statement
from projections.web.looking import Looking
from projections.web.page import Answer, Cell, Page, Row, Section
from projections.web.shown import listing, table_of

FLOWS = ("issued", "adjusted", "brought_forward", "carried_forward", "due", "paid", "open")


def statement(looking: Looking, name: str) -> Answer:
    """A statement by its id. Raises `NoSuchStatement`."""
    try:
        clocks = looking.run(name.partition("/")[0]).clocks
    except UnknownProgram:
        clocks = looking.at()
    answer = one_statement(looking.connection, name, clocks)
    return Answer(lambda: _page(looking, name, answer), lambda: answer, lambda: answer["lines"])


def _page(looking: Looking, name: str, answer: dict[str, Any]) -> Page:
    seal = answer["seal"]
    position = str(seal["position"])
    program = answer["program"]
    period = _period_of(name)
    parts = ("programs", program, period) if period else ("programs", program)
    fields = [
        ("Program", [Cell(" ".join([program, period]).strip(), looking.link(*parts))]),
        ("Period", [Cell(f"{answer['period']['from']} to {answer['period']['to']}")]),
        ("Issued", [Cell(looking.time(answer["issued_at"]))]),
        ("Closed", [Cell(f"at position {position} by {seal['by']}",
                         looking.link("facts", position))]),
        ("Seal", [Cell(seal["digest"], kind="c")]),
    ]  # fmt: skip
    if seal["left_open"]:
        fields.append(("Left open", [Cell(seal["left_open"])]))
    sums = table_of(looking, answer["statements"], [*FLOWS, "currency"])
    sections = [
        Section("summary", "Summary", table=sums),
        _lines(looking, answer["lines"]),
        *_corrected(looking, answer),
    ]
    return Page(f"Statement {name}", fields, sections)


def _period_of(name: str) -> str:
    """The month of a statement's id; empty where it has none."""
    return "/".join(part for part in name.split("/")[1:] if ":" not in part)


def _lines(looking: Looking, lines: list[Row]) -> Section:
    # Payer and payee are the same in every line.
    shown = ("line", "kind", "subject", "outcome", "amount", "currency")
    rows = [
        {name: line[name] for name in shown} | {"why": ", ".join(line["unmet"] or line["held_for"])}
        for line in lines
    ]
    return listing(looking, "lines", "Lines as issued", rows, example="outcome = held")


def _corrected(looking: Looking, answer: dict[str, Any]) -> list[Section]:
    sections = []
    if answer["adjustments"]:
        rows = []
        for row in answer["adjustments"]:
            facts = row.get("facts", ())
            because = "; ".join(f"{fact['type']} at position {fact['position']}" for fact in facts)
            own = ("line", "was", "now", "difference", "currency", "outcome", "position")
            rows.append({key: row.get(key) for key in own} | {"cause": because, "said": row["why"]})
        table = table_of(looking, rows)
        sections.append(Section("adjustments", "Adjustments", table=table))
    if answer["payments"]:
        columns = ("ref", "on", "paid_at", "amount", "currency", "by", "position")
        table = table_of(looking, answer["payments"], columns)
        sections.append(Section("payments", "Payments", table=table))
    if answer["obligations"]:
        rows = [{n: v for n, v in row.items() if n != "events"} for row in answer["obligations"]]
        sections.append(Section("owed", "Obligations", table=table_of(looking, rows)))
    return sections
