"""What facts name: each kind of thing becomes known by a fact, and only once."""

from typing import NamedTuple


class Thing(NamedTuple):
    """A kind of thing that facts name, with the messages for an unknown or a repeated one.

    In the sentences `{name}` is the whole name; for a name in two parts, `{program}` and `{rest}`
    are the parts before and after the slash.
    """

    word: str
    listed: str
    """The index kind of the fact that makes one known."""
    unknown: str
    """The code for a fact that names one nobody has reported."""
    unknown_sentence: str
    until: str
    """What a fact that names an unknown one waits for, as a hint."""
    twice: str = ""
    """The code for a second report; empty where several may make the same one known."""
    twice_sentence: str = ""
    """The sentence about the second report, up to its instant."""
    in_one_period: bool = False
    """Whether an exception of a report concerns only the close of the period that contains it;
    otherwise it concerns each close that reads it."""
    named_by: tuple[str, ...] = ()
    """The index kinds that lead from its name to streams of facts that name it."""
    timeless: bool = False
    """Whether it is known from its position on, whatever the as-of: for our own decisions."""


STORE = Thing(
    "store",
    listed="store",
    unknown="unknown_store",
    unknown_sentence="store {name} is not known yet.",
    until="The fact is recorded and waits until somebody onboards it.",
    twice="onboarded_twice",
    twice_sentence="store {name} is reported onboarded at",
    named_by=("withheld", "enrols", "orders", "earned-at", "plans-of", "samples-of"),
)
PARTNER = Thing(
    "partner",
    listed="certified",
    unknown="unknown_partner",
    unknown_sentence="partner {name} is not known yet.",
    until="The fact is recorded and waits until it is certified.",
    named_by=("partner", "invites", "partner-of"),
)
PROGRAM = Thing(
    "program",
    listed="program",
    unknown="unknown_program",
    unknown_sentence="program {name} is not known yet.",
    until="The fact is recorded and waits until it is published.",
    timeless=True,
)
COMMON = {"store": STORE, "partner": PARTNER, "program": PROGRAM}
"""Fields that name the same kind of thing in every fact that has them."""


def told(sentence: str, name: str) -> str:
    """A sentence with a thing's name filled in."""
    program, _, rest = name.partition("/")
    return sentence.format(name=name, program=program, rest=rest)
