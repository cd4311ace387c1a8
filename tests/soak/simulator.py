"""Plays a drawn sequence of steps in one book, with faults, and holds it against a model.

The seed draws everything: what is told, which step comes next, which fault meets it and where.
After every step the log must hold exactly what the model foresees: a step that a fault met is
there as a whole or not at all, and done again it succeeds and doubles nothing.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import exc as sa_exc

from ledger.kernel.errors import BookLocked, ClockDoubted, Refusal
from ledger.store import making, recorder
from ledger.store.archive.refusals import ArchiveUnwritable
from ledger.store.book import Book, is_url, open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS
from projections.runner import catch_up
from tests.fees import RATES, onboarded
from tests.soak.simulated_checks import Checks
from tests.soak.simulated_draws import FEE_STORES, Draws
from tests.soak.simulated_faults import (
    Clock,
    draw_kill,
    full_archive,
    full_disk,
    in_a_child,
    lock_held,
    lock_kept,
)
from tests.soak.simulated_files import in_words
from tests.soak.simulated_model import PERIODS, Foreseen, Model, Refused
from tests.soak.simulated_steps import (
    WHO,
    Answer,
    Step,
    perform,
    rates_edition,
    recruiting_editions,
)

KILLS = 3
"""Steps of a sequence that are done by a child that is killed, at most: each starts a process."""
FAULTS = {"": 66, "clock": 8, "far clock": 7, "disk": 8, "lock held": 3, "lock kept": 4, "kill": 4}
FAULTS_OF_DECISIONS = FAULTS | {"": 20, "disk": 20, "kill": 8}
"""Closes, adjustments and calls taken back come seldom: more of them are met by a fault."""
DECISIONS = ("close", "adjust", "withdraw orders")
EVERY = 25
"""After so many steps everything is verified but the periods that were closed: those at the end."""
ASKED_OF_A_STEP = 0.15
"""After so many of the steps the rules are asked what they say of a period."""
NO_ROOM = (sa_exc.OperationalError, ArchiveUnwritable)
RIGHT = "the battery was changed"


class Simulation:
    """One sequence: a book, its model, and what has happened so far."""

    def __init__(self, seed: int, steps: int, location: str, folder: Path) -> None:
        assert shutil.which("strace"), "steps are killed by strace: apt-get install strace"
        self.seed, self.steps = seed, steps
        self.chance = Random(seed)
        self.folder = folder
        self.on_a_server = is_url(location)
        self.clock = Clock()
        self.seen: Counter[str] = Counter()
        self.story: list[str] = []
        self.kills = 0
        self.book = self._made(location)
        self.model = Model(self.book.head().position, RATES)
        self.checks = Checks(self.book, self.model)
        self.draws = Draws(self.chance, folder, self.model)

    def _made(self, location: str) -> Book:
        book, _ = init(location, "platform", str(self.folder / "archive"))
        for one in [*recruiting_editions(), rates_edition(1, RATES)]:
            publish(book, one, "simulator")
        path = self.folder / "stores.csv"
        rows = [onboarded(one) for one in FEE_STORES]
        text = [",".join(rows[0]), *(",".join(one.values()) for one in rows)]
        path.write_text("\n".join(text), encoding="utf-8")
        assert record(book, [str(path)], **WHO).recorded == len(rows)
        return book

    def run(self) -> None:
        """All steps; what fails is told with the seed and the steps until then."""
        with pytest.MonkeyPatch.context() as patch:
            for module in (recorder, making):
                patch.setattr(module, "microseconds_now", self.clock)
            try:
                for number in range(1, self.steps + 1):
                    self._step(number)
                self._end()
            except Exception as error:
                raise AssertionError(self._told(error)) from error
            finally:
                self.book.close()

    def _told(self, error: Exception) -> str:
        database = "postgresql" if self.on_a_server else "sqlite"
        lines = "\n".join(f"{number:4}. {said}" for number, said in enumerate(self.story, 1))
        return (
            f"the sequence of seed {self.seed} on {database} fails at step {len(self.story)}:\n"
            f"{lines}\n{type(error).__name__}: {error}\nOnce more: DUEBOOK_SEED={self.seed} "
            f"DUEBOOK_STEPS={self.steps} .venv/bin/python -m pytest -k {database} "
            "tests/soak/test_simulated.py"
        )

    def _step(self, number: int) -> None:
        step = self.draws.next()
        self.story.append(in_words(step))
        self.seen["steps"] += 1
        match step["do"]:
            case "ask":
                self.checks.ask(self.chance)
            case "verify":
                self._verify(closed=False)
            case "reopen":
                self._reopen()
            case _:
                self._do(step)
        if number % EVERY == 0:
            self._verify(closed=False)

    def _do(self, step: Step) -> None:
        foreseen = self.model.foresee(step)
        self.seen[step["do"]] += bool(foreseen.events) or step["do"] == "rebuild"
        fault = self._drawn_fault(step, foreseen)
        if fault:
            self.story[-1] += f"; fault: {fault}"
            self.seen[fault] += 1
        if fault == "kill":
            self._killed(step, foreseen)
        elif fault:
            self._met_by(fault, step, foreseen)
        else:
            self._plainly(step)
        self.checks.balances()
        catch_up(self.book, VIEWS[self.chance.choice([*VIEWS])])
        if self.chance.random() < ASKED_OF_A_STEP:
            self.checks.lines(self.chance.choice(PERIODS))
        if fault:
            self.checks.log_verified()

    def _drawn_fault(self, step: Step, foreseen: Foreseen) -> str:
        """Only what records something is met by a fault; a rebuild may be killed or lack room."""
        weights = FAULTS_OF_DECISIONS if step["do"] in DECISIONS else FAULTS
        (fault,) = self.chance.choices([*weights], [*weights.values()])
        if fault == "kill" and self.kills == KILLS:
            return ""
        if step["do"] == "rebuild":
            return fault if fault in ("kill", "disk") else ""
        return fault if foreseen.events else ""

    def _plainly(self, step: Step) -> None:
        """The step does what is foreseen."""
        foreseen = self.model.foresee(step)
        answer = self._attempt(step)
        self._taken(foreseen, answer)

    def _attempt(self, step: Step) -> Answer | Refused:
        try:
            return perform(self.book, step)
        except Refusal as refusal:
            return Refused(type(refusal).__name__)

    def _taken(self, foreseen: Foreseen, answer: Answer | Refused | None) -> None:
        """The book holds the step as a whole, and its answer is right; the model takes it in."""
        assert self.checks.look(foreseen.events) or not foreseen.events, (
            f"nothing was recorded; expected were {[name for name, _ in foreseen.events]}; "
            f"answered was {answer}"
        )
        if foreseen.events:
            self.model.head = len(self.checks.hashes)
            foreseen.take(self.model.head)
        if isinstance(answer, dict):
            self.checks.answered(foreseen, answer)
        elif answer is not None:
            assert answer == foreseen.answer, f"{answer}; expected was {foreseen.answer}"

    def _met_by(self, fault: str, step: Step, foreseen: Foreseen) -> None:
        """A step that a fault meets is there as a whole or not at all; done again it succeeds."""
        with self._injected(fault, step):
            expected = self._must_refuse(fault)
            error: Exception | None = None
            answer: Answer | None = None
            try:
                answer = perform(self.book, step)
            except (Refusal, sa_exc.OperationalError) as raised:
                error = raised
        if error is not None:
            allowed = expected or (NO_ROOM if fault == "disk" else ())
            assert isinstance(error, allowed), f"it failed with {error!r}; expected was {allowed}"
            self.story[-1] += f" ({type(error).__name__})"
            self.seen[f"{fault}: {type(error).__name__}"] += 1
            self.checks.look([])
            if fault == "far clock":
                self._with_a_far_clock(step)
                return
        else:
            assert expected is None, f"it was answered; expected was {expected}: {answer}"
            self._taken(foreseen, answer)
        self._plainly(step)

    def _with_a_far_clock(self, step: Step) -> None:
        """Either the clock is set right, or somebody says that it is."""
        ahead = self.clock() > self.checks.recorded_at
        trust = self.chance.random() < 0.5 and not (self.on_a_server and ahead)
        if trust:
            self.book.log.clock_is_right = RIGHT
            self.story[-1] += ", said to be right"
            self.seen["far clock: said to be right"] += 1
            self._plainly(step)
            self.book.log.clock_is_right = None
        self.clock.set_near(self.chance, self.checks.recorded_at, on_a_server=self.on_a_server)
        self._plainly(step)

    @contextmanager
    def _injected(self, fault: str, step: Step) -> Iterator[None]:
        head_at, server = self.checks.recorded_at, {"on_a_server": self.on_a_server}
        match fault:
            case "clock":
                self.clock.set_near(self.chance, head_at, **server)
                yield
            case "far clock":
                self.clock.set_far(self.chance, head_at, **server)
                yield
            case "disk" if step["do"] == "orders" and self.chance.random() < 0.5:
                with full_archive(self.chance):
                    yield
            case "disk":
                with full_disk(self.book, self.chance):
                    yield
            case "lock held":
                with lock_held(self.book, self.chance.uniform(0.02, 0.15)):
                    yield
            case "lock kept":
                with lock_kept(self.book):
                    yield

    def _must_refuse(self, fault: str) -> type[Exception] | None:
        head_at = self.checks.recorded_at
        if self.clock.doubted(head_at, on_a_server=self.on_a_server):
            return ClockDoubted
        return BookLocked if fault == "lock kept" else None

    def _killed(self, step: Step, foreseen: Foreseen) -> None:
        """Done by a child that is killed: whole or absent, and then as if it had not been."""
        self.kills += 1
        kill = draw_kill(self.chance, step, on_a_server=self.on_a_server)
        self.story[-1] += f" at {kill[0]} {kill[1]}"
        was_killed, answer, said = in_a_child(self.book, step, kill, self.clock.offset, "")
        assert was_killed or answer is not None, f"the child failed by itself: {said}"
        self.seen["kill: it came too late"] += not was_killed
        whole = bool(foreseen.events) and self.checks.look(foreseen.events)
        if was_killed and foreseen.events:
            self.seen[f"kill: the step is {'there' if whole else 'not there'}"] += 1
        assert whole or not foreseen.events or answer is None, f"it is lost; answered was {answer}"
        if whole:
            self.model.head = len(self.checks.hashes)
            foreseen.take(self.model.head)
            if answer is not None:
                self.checks.answered(foreseen, answer)
        self._plainly(step)
        self._plainly(step)

    def _verify(self, *, closed: bool) -> None:
        self.checks.verified(closed=closed)
        self.checks.closed()
        if self.model.closed:
            self.checks.replayed(self.chance.choice([*self.model.closed]))

    def _reopen(self) -> None:
        self.book.close()
        self.book = self.checks.book = open_book(self.book.location)

    def _end(self) -> None:
        self._verify(closed=True)
        for period in PERIODS:
            self.checks.lines(period)
        self.checks.rebuilt()
        self.checks.log_verified()


def simulate(seed: int, steps: int, location: str, folder: Path) -> dict[str, Any]:
    """Plays a sequence; how often what was seen. Raises `AssertionError` that tells everything."""
    simulation = Simulation(seed, steps, location, folder)
    simulation.run()
    return dict(simulation.seen)
