"""Making and showing a comparison with the platform's file."""

from typing import TYPE_CHECKING, Any, NamedTuple

from cli.output import Out
from cli.talk import say, say_nameless
from ledger.kernel.counted import counted, grouped

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.intake.platform.how import How
    from ledger.kernel.clocks import Clocks
    from ledger.usecases.reconciling.comparison import Reconciliation


class Against(NamedTuple):
    """The platform's file, and how it is read."""

    path: str
    reading: "How"
    flip_sign: bool
    tolerances: tuple[str, ...] = ()

    def compared(
        self, connection: "Connection", program: str, period: str | None, at: "Clocks"
    ) -> "Reconciliation":
        """Compares order by order where the file names orders, else line by line."""
        from cli.progress import progress
        from ledger.usecases.reconciling.platform_file import reconcile_file
        from ledger.usecases.reconciling.tolerance import parsed

        tolerance = parsed(self.tolerances)
        with progress() as report:
            return reconcile_file(
                *(connection, program, period, self.path, at),
                how=self.reading,
                flip_sign=self.flip_sign,
                tolerance=tolerance,
                progress=report,
            )

    @property
    def how(self) -> dict[str, Any]:
        """How the file was read, as it is recorded."""
        mapping = self.reading.mapping
        return {
            "profile": mapping.named if mapping else "canonical",
            "flipped": self.flip_sign,
            "store": self.reading.store,
            "column": self.reading.column,
        }


def show(where: Out, answer: dict[str, Any]) -> None:
    """Shows the breaks, and before them whether most come from an opposite sign."""
    if "signs" in answer:
        say(answer["signs"]["sentence"])
    where.data(answer, [row(break_) for break_ in answer["breaks"]])


def row(break_: dict[str, Any]) -> dict[str, Any]:
    """A break as a row of the table."""
    known = (
        "number",
        "break",
        "count",
        "rows",
        "order_id",
        "ours",
        "theirs",
        "difference",
        "currency",
    )
    names = [name for name in known if name in break_]
    if (
        "group" in break_
    ):  # what can be resolved is the group; the line tells the store of the order
        break_ = {**break_, "break": break_["group"]}
        names.insert(2, "line")
    likely = "; ".join(f"{cause['because']}: {cause['detail']}" for cause in break_["likely"])
    cells = {n: break_[n] for n in names} | {"likely": likely, "resolution": break_["resolution"]}
    if "within_tolerance" in break_:
        cells["within_tolerance"] = "yes" if break_["within_tolerance"] else ""
    return cells


def talk(where: Out, answer: dict[str, Any], *, looking_back: bool) -> None:
    """Says what belongs below the table."""
    say("")
    for code, text in answer["difference"].items():
        ours = grouped(answer["ours"].get(code, "0"))
        theirs = grouped(answer["theirs"].get(code, "0"))
        say(f"{code}: ours {ours}, theirs {theirs}, difference {grouped(text)}")
    if answer["nameless_columns"]:
        say_nameless({answer["file"]: answer["nameless_columns"]})
    if answer["totals"]:
        rows = (
            "1 row that sums others was"
            if answer["totals"] == 1
            else (f"{answer['totals']:,} rows that sum others were")
        )
        say(f"{rows} checked, not compared.")
    if answer.get("other"):
        rows = counted(len(answer["other"]), "row")
        say(f"Not compared, for lack of an order: {rows}; see --format json.")
    say_tolerance(answer)
    word = "as issued and adjusted" if answer["ours_is"] == "issued" else "as settled now"
    if looking_back and answer["ours_is"] == "issued":
        say("The period is closed: ours is what was issued and adjusted, at any --as-of.")
    agree = "agrees" if answer["matched"] == 1 else "agree"
    say(
        f"{answer['matched']:,} {agree}, {answer['open']} of {counted(_groups(answer), 'break')} "
        f"are open. Ours {word}, as of {where.clocks(answer)}."
    )


def say_tolerance(answer: dict[str, Any]) -> None:
    """Says what is within the tolerances, which is never hidden."""
    for code, passed in answer.get("tolerance", {}).items():
        say(
            f"{code}: {counted(passed['count'], 'difference')} within the tolerance of "
            f"{grouped(passed['amount'])}, {grouped(passed['difference'])} in all."
        )


def _groups(answer: dict[str, Any]) -> int:
    """How many breaks can be resolved: orders that break alike count as one group."""
    return len({break_.get("group", break_["break"]) for break_ in answer["breaks"]})
