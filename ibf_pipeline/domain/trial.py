"""How a trial is told apart from a day that can be relied on: the words that go with all its findings (pure)."""

from __future__ import annotations

from typing import Final

TRIAL: Final = "trial: run and model version unknown, not for decisions"
"""of findings whose source is for trying only; `trial` of a cube's attributes and of findings"""
MADE_UP: Final = "made-up forecast, generated for trying the pipeline: not for decisions"
"""of findings whose source generates its forecasts, in the same places"""
NO_ALL_CLEAR: Final = "no alert found here is not an all clear"


def trial_words(trial: str, *, alerts: bool) -> str:
    """What stands beside a headline; empty for a day that is not a trial."""
    return trial if alerts or not trial else f"{trial}; {NO_ALL_CLEAR}"
