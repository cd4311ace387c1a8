"""Live tasks ordered on the star-map, and links that were listed for sale with a creator."""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ledger.aggregates.base import Fact, Recorded, Reference, first_of, instant_text
from ledger.aggregates.fields import Amount, Currency, Id
from ledger.aggregates.store import STORE_WARNINGS, StoreFact, StoreId
from ledger.aggregates.things import Thing

Link = Literal["shop", "third_party"]
Media = Literal["live", "short_video"]
LINKS: tuple[Link, ...] = ("shop", "third_party")
CategoryId = Annotated[Id, Field(description="the category of the goods, such as cosmetics")]
CreatorId = Annotated[Id, Field(description="the creator")]


TASK = Thing(
    "task",
    listed="task",
    unknown="unknown_task",
    unknown_sentence="task {name} is not known yet.",
    until="The fact is recorded and waits until the task is reported.",
    twice="ordered_twice",
    twice_sentence="task {name} is reported ordered at",
    in_one_period=True,
    named_by=("lists",),
)


class LiveTaskOrdered(Fact):
    """A store ordered a creator's live task; of several reports of a task the earliest counts."""

    TOPIC = "live-task-ordered.v1"
    ORDER = 230
    AMOUNTS = (("price", "currency"), ("creator_fee", "currency"), ("gmv", "currency"))
    NOT_NEGATIVE = ("price", "creator_fee", "gmv")
    INTRODUCES = ("task", TASK)
    UNKNOWN_STORE = (
        "Its line is not affected. Somebody onboards the store; a third party's shop never may "
        "be: then close the month with --leave-open and say so."
    )
    WARNINGS = ("unknown_store", "ordered_twice")
    EXAMPLE: ClassVar = {
        "type": "LiveTaskOrdered",
        "at": "2020-08-21T20:00:00+08:00",
        "task": "T-501",
        "store": "S-1001",
        "creator": "C-88",
        "category": "cosmetics",
        "link": "third_party",
        "price": "30000.00",
        "creator_fee": "24000.00",
        "currency": "CNY",
    }

    task: Annotated[Id, Field(description="the task's id")]
    store: StoreId
    creator: CreatorId
    category: CategoryId
    link: Annotated[Link, Field(description="goods of the platform's shop, or of another")]
    price: Annotated[Amount | None, Field(description="what the task costs")] = None
    creator_fee: Annotated[Amount | None, Field(description="the creator's quoted fee")] = None
    gmv: Annotated[Amount | None, Field(description="GMV of the task")] = None
    currency: Annotated[Currency, Field(description="of all three amounts, ISO 4217 code")]

    @property
    def stream(self) -> str:
        return f"task:{self.task}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("task", self.task), Reference("orders", self.store))


class LinkListed(StoreFact):
    """A store's goods were put into a creator's cart or video; judged by the terms of its day."""

    TOPIC = "link-listed.v1"
    ORDER = 240
    NAMES: ClassVar = {"task": TASK}
    JUDGED = True
    WARNINGS = (*STORE_WARNINGS, "unknown_task", "link_not_allowed")
    EXAMPLE: ClassVar = {
        "type": "LinkListed",
        "at": "2020-09-06T19:30:00+08:00",
        "store": "S-1001",
        "creator": "C-88",
        "media": "live",
        "link": "third_party",
        "category": "cosmetics",
        "task": "T-501",
    }

    store: StoreId
    creator: CreatorId
    media: Annotated[Media, Field(description="a live cart, or a short video")]
    link: Annotated[Link, Field(description="goods of the platform's shop, or of another")]
    category: CategoryId
    task: Annotated[Id | None, Field(description="the task that it belongs to")] = None

    def references(self) -> tuple[Reference, ...]:
        own = (Reference("listing", self.store),)
        return (*own, Reference("lists", self.task)) if self.task else own


class TaskState:
    """What was reported of one task. Events may arrive in any order."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.reports: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        if isinstance(recorded.event, LiveTaskOrdered):
            self.reports.append(recorded)

    @cached_property
    def order(self) -> Recorded | None:
        """The report that counts: the earliest. To be read after the fold."""
        return first_of(self.reports)


def describe_task(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A task's state after these facts."""
    state = TaskState(name)
    for recorded in facts:
        state.apply(recorded)
    event = state.order.event if state.order else None
    fields = ("store", "creator", "category", "link", "price", "creator_fee", "gmv", "currency")
    return {
        "task": name,
        **{field: getattr(event, field, None) for field in fields},
        "ordered_at": instant_text(state.order),
        "reports": len(state.reports),
    }


STATES = {"task": describe_task}
