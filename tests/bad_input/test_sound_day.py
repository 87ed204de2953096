"""The day that all the others spoil is sound, and the counting server does count."""

import pytest

from ibf_pipeline.errors import ServerRefused, ServerUnreachable
from tests.worlds.countries.tiny_day import TinyDay


@pytest.mark.draws
def test_the_undamaged_day_has_one_trigger(day: TinyDay) -> None:
    (event,) = day.findings().events
    assert (event.name, event.flags, event.people) == ("G1", "--TTT---", 20)
    assert (day.run_folder.path / "report" / "report.html").is_file()


def test_publishing_it_reaches_the_server_that_counts(day: TinyDay) -> None:
    state = day.flow()
    assert isinstance(state.result(raise_on_failure=False), ServerRefused | ServerUnreachable)
    assert len(day.server.log) > 0
