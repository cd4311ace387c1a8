"""The two clocks of a run, as one value that goes from the command down to the fold."""

from typing import NamedTuple

from ledger.kernel.instants import Instant

FOREVER: Instant = 2**62
"""An as-of later than every fact: everything recorded counts."""


class Clocks(NamedTuple):
    """The point of view of a run: facts after `known_at` do not exist, those after `as_of` do not
    count.

    `as_of` is an instant of business time, `known_at` a position of the log. The two are
    independent: a book filled in November can be asked how the quarter stood on 31 March.
    """

    as_of: Instant
    known_at: int
