"""What the new facts of a call surprise the book with, looking at the book and the whole call."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.enrolment import MerchantEnrolled, MerchantInvited
from ledger.aggregates.judge import Mention, Surprise, judge, two_feeds
from ledger.aggregates.live_task import LiveTaskOrdered
from ledger.aggregates.partner import PartnerCertified
from ledger.aggregates.store import GMVRecorded, MerchantOnboarded
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import Instant
from ledger.store.log import chunks
from ledger.store.reader import LogReader
from ledger.usecases.exceptions.known_names import IndexDirectory, feeds_of
from ledger.usecases.recording.stage import Stage, Staged
from ledger.usecases.recording.verdicts import NEW, Decided

Found = list[tuple[Staged, Surprise]]
Feeds = dict[tuple[str, str], set[str]]
"""Per store and basis, the sources that report GMV."""

ONBOARDED = MerchantOnboarded.__name__
CERTIFIED = PartnerCertified.__name__
ENROLLED = MerchantEnrolled.__name__
INVITED = MerchantInvited.__name__
ORDERED = LiveTaskOrdered.__name__


class Call:
    """What the new facts of a call name and introduce, gathered while they are decided."""

    def __init__(self) -> None:
        self.streams: set[str] = set()
        self.earliest: dict[str, Instant] = {}
        self.partners: set[str] = set()
        self.programs: set[str] = set()
        self.certified: set[str] = set()
        self.onboarded: list[Mention] = []
        self.feeds: Feeds = {}
        self.enrolments: set[str] = set()
        """Programs and merchants that facts about enrolments name."""
        self.joined: list[Mention] = []
        self.tasks: set[str] = set()
        self.ordered: list[Mention] = []
        self.listed = False
        """Whether a link was listed, which published terms judge."""

    def see(self, one: Staged) -> None:
        """Takes a new fact in."""
        self.streams.add(one.stream)
        _type, at, store, partner, program, _identity, feed, *more = one.mention
        if more:
            self._see_more(one, *more)
        if store is not None:
            known = self.earliest.get(store)
            if known is None or at < known:
                self.earliest[store] = at
            if feed:
                self.feeds.setdefault((store, feed[1]), set()).add(feed[2])
        if partner:
            self.partners.add(partner)
        if program:
            self.programs.add(program)
        if one.type == ONBOARDED:
            self.onboarded.append(one.mentions)
        elif one.type == CERTIFIED:
            self.certified.add(one.stream.partition(":")[2])

    def _see_more(self, one: Staged, enrolment: str | None, task: str | None, listing: Any) -> None:
        if enrolment:
            self.enrolments.add(enrolment)
            if one.type in (ENROLLED, INVITED):
                self.joined.append(one.mentions)
        if task:
            self.tasks.add(task)
            if one.type == ORDERED:
                self.ordered.append(one.mentions)
        self.listed = self.listed or listing is not None


class _Counting:
    """The new facts of a call that it does not withdraw itself."""

    def __init__(self, stage: Stage, decided: Decided) -> None:
        self.stage = stage
        self.decided = decided
        self.lifted = {lift.target_index for lift in decided.lifts}

    def __iter__(self) -> Iterator[Staged]:
        verdicts = self.decided.verdicts
        for index, one in enumerate(self.stage):
            if verdicts[index] == NEW and index not in self.lifted:
                yield one


def surprises(
    connection: Connection, stage: Stage, decided: Decided, call: Call
) -> tuple[Found, Feeds]:
    """Every surprise of the call's new facts, and the feeds that are new to the book."""
    counting = _Counting(stage, decided)
    feeds = call.feeds
    if counting.lifted - {None}:
        # What the call itself withdraws introduces nobody: gather again without it.
        call = Call()
        for one in counting:
            call.see(one)
    gone = {lift.target for lift in decided.lifts if lift.target is not None}
    # Whatever is recorded counts here, also where another machine's clock is ahead of ours.
    clocks = Clocks(FOREVER, decided.head.position)
    directory = IndexDirectory(connection, clocks, gone)
    if decided.head.position:
        directory.load_names(set(call.earliest), call.partners, call.programs)
        directory.load_enrolments(call.enrolments)
        directory.load_tasks(call.tasks)
    if call.listed:
        directory.load_terms()
    directory.partners |= call.certified
    before = set(directory.stores)
    for introduced in (*call.onboarded, *call.joined, *call.ordered):
        directory.add(introduced)
    found = list(decided.surprises.values())
    if not _all_fits(call, directory, before):
        for one in counting:
            found += [(one, surprise) for surprise in judge(one.mentions, directory)]
    new_feeds = {key: set(own) for key, own in feeds.items()}
    torn = _torn_feeds(LogReader(connection, clocks), feeds, new_feeds)
    if torn:
        found += _two_feeds(LogReader(connection, clocks), counting, torn, gone)
    return found, new_feeds


def _all_fits(call: Call, directory: IndexDirectory, before: set[str]) -> bool:
    """Whether nothing can surprise, so that the facts need not be judged one by one."""
    known = directory.stores
    onboarded = [one.store for one in call.onboarded if one.store]
    return (
        not (call.enrolments or call.tasks or call.listed)
        and len(onboarded) == len(set(onboarded) - before)
        and all(store in known and known[store][0] <= at for store, at in call.earliest.items())
        and call.partners <= directory.partners
        and call.programs <= directory.programs
    )


def _torn_feeds(reader: LogReader, feeds: Feeds, new_feeds: Feeds) -> set[tuple[str, str]]:
    """Stores and bases with several sources. Leaves in `new_feeds` what the book lacks."""
    sources = {key: set(own) for key, own in feeds.items()}
    for key, source in feeds_of(reader, feeds):
        sources[key].add(source)
        new_feeds[key].discard(source)
    return {key for key, found in sources.items() if len(found) > 1}


def _two_feeds(
    reader: LogReader, counting: _Counting, torn: set[tuple[str, str]], gone: set[int]
) -> Found:
    """Facts of days that another source reports too."""
    by_day: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for chunk in chunks(sorted({f"store:{store}" for store, _ in torn})):
        for recorded in reader.facts(chunk):
            if isinstance(recorded.event, GMVRecorded) and recorded.position not in gone:
                by_day[_day_key(recorded)].add(recorded.event.source or "")
    mine = []
    for one in counting:
        store, _, _, feed = one.said
        if feed and store and (store, feed[1]) in torn:
            key = (store, feed[0], feed[1])
            by_day[key].add(feed[2])
            mine.append((one, key))
    return [(one, two_feeds(*key, by_day[key])) for one, key in mine if len(by_day[key]) > 1]


def _day_key(recorded: Recorded) -> tuple[str, str, str]:
    event = recorded.event
    return event.store, event.day.isoformat(), event.basis
