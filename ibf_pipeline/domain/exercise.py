"""How an exercise is told apart from a real day wherever an event is named (pure)."""

from __future__ import annotations

PREFIX = "EXERCISE "
"""of the names of its events: the name is an event's identity on a server, so the two never merge"""


def exercise_name(name: str) -> str:
    """`EXERCISE G5220`."""
    return PREFIX + name


def marked(title: str, *, exercise: bool, trial: str = "") -> str:
    """The title of a picture, which may be passed on alone, with the words for an exercise or a trial before it.

    `trial`: as of findings; its words stand in a stamp on the picture.

    >>> marked("Uganda", exercise=True, trial="trial: run and model version unknown")
    'EXERCISE · TRIAL · Uganda'
    """
    return " · ".join([*(["EXERCISE"] if exercise else []), *(["TRIAL"] if trial else []), title])


def is_exercise(event_name: str) -> bool:
    """Whether an event on a server is one of an exercise."""
    return event_name.startswith(PREFIX)
