"""How a trial is told from a day that may be relied on: the words that go with all it found (pure)."""

from __future__ import annotations

from typing import Final

TRIAL: Final = "trial: run and model version unknown, not for decisions"
"""of findings whose source is for trying only; `trial` of a cube's attributes and of findings"""
NO_ALL_CLEAR: Final = "no alert found here is not an all clear"


def trial_words(trial: str, *, alerts: bool) -> str:
    """What stands beside a headline: empty for a day that is no trial."""
    return trial if alerts or not trial else f"{trial}; {NO_ALL_CLEAR}"
