"""Problems of a file's rows: each is a value, all of them go into one refusal."""

from typing import Any, NamedTuple

from ledger.kernel.counted import counted
from ledger.kernel.errors import Refusal
from ledger.kernel.shown import visible

SHOWN_MAX = 20


class Problem(NamedTuple):
    """Why a row of the platform's file cannot be used."""

    place: int
    code: str
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


class BadPlatformFile(Refusal):
    """A file of the platform that cannot be used: every problem of it, with its row."""

    several_lines = True

    def __init__(self, sentence: str, hint: str = "", **facts: object) -> None:
        lines = map(visible, sentence.split("\n"))
        super().__init__("\n".join(lines), hint, **facts)


def refuse(name: str, problems: list[Problem]) -> None:
    """Raises `BadPlatformFile` with the first problems, if there are any."""
    if not problems:
        return
    shown = [
        visible(f"{name}:{problem.place}: {problem.code}: {problem.sentence}")
        for problem in problems[:SHOWN_MAX]
    ]
    more = len(problems) - SHOWN_MAX
    if more > 0:
        shown.append(f"... and {more} more")
    raise BadPlatformFile(
        f"{counted(len(problems), 'row')} of {visible(name)} cannot be used.\n" + "\n".join(shown),
        "Nothing was done. Fix the rows, or ask the platform for the file again.",
        problems=[problem.as_json() for problem in problems],
    )
