"""When the server says that the heartbeat is missing: its own evaluation of our definition, the clock moved by hand."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.operate.conftest import SILENCES

pytestmark = pytest.mark.prefect


@pytest.mark.parametrize(("first", "days"), SILENCES)
def test_it_is_said_25_hours_after_the_last_heartbeat(first: float, days: int, evaluation: dict[str, Any]) -> None:
    """Wherever the last one falls in the server's own rhythm: without an `after` it was told 50 to 75 hours on."""
    said = evaluation["silence"][SILENCES.index((first, days))]
    assert said[0] == 25.0
    assert all(later - earlier >= 25 for earlier, later in itertools.pairwise(said)), "and seldom again"
