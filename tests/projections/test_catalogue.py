"""The catalogue of read models and reports: what is found by name is all that there is."""

from dataclasses import fields

import pytest

from ledger.aggregates.catalogue import TOPICS, event_of
from ledger.programs.program import Program
from ledger.programs.registry import declaring, programs
from projections.catalogue import BY_REPORT, VIEWS, computed, reports, view_named


def test_every_read_model_is_found_under_its_own_name() -> None:
    """And under that of its report."""
    assert {view.NAME: name for name, view in VIEWS.items()} == {name: name for name in VIEWS}
    called = {view.REPORT: view.NAME for view in VIEWS.values() if view.REPORT}
    assert called == BY_REPORT
    assert all(name == view_named(one).NAME for one, name in BY_REPORT.items())


def test_every_report_is_a_read_model_s_or_is_worked_out() -> None:
    """One of both, whatever order they are asked in."""
    for name in reports():
        assert (computed(name) is None) == (BY_REPORT.get(name, name) in VIEWS), name


@pytest.mark.parametrize("what", ["pot", "reports", "figures", "judges", "orders"])
def test_programs_that_declare_something_are_found_by_their_text(what: str) -> None:
    """None is missed: a declaration is written in the file of the folder."""
    (field,) = (one for one in fields(Program) if one.name == what)
    nothing = field.default_factory() if callable(field.default_factory) else field.default
    found = {name for name, one in programs().items() if getattr(one, what) != nothing}
    assert set(declaring(what)) == found


def test_every_event_is_found_by_its_topic_in_the_file_that_defines_it() -> None:
    """Importing no other."""
    assert {topic: event_of(topic) for topic in TOPICS} == TOPICS
    assert event_of("store-levitated.v1") is None
