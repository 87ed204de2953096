"""What the event of a storm is called (rule 1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ibf_pipeline.domain.exercise import exercise_name
from ibf_pipeline.domain.names import same_name


def event_name(international: str, local: Mapping[str, str]) -> str:
    """Name of an event: `Kiko (CHANTHU)` if the table has a local name, else the message's (rule 1).

    Without `_`, at which the portal splits names.

    Parameters
    ----------
    international
        Of the message.
    local
        International name in capitals -> local name.

    Examples
    --------
    >>> event_name("CHANTHU", {"CHANTHU": "Kiko"}), event_name("SEVENTY_ONE", {})
    ('Kiko (CHANTHU)', 'SEVENTY ONE')
    """
    own = local.get(international.upper())
    words = f"{own} ({international})" if own and same_name(own) != same_name(international) else international
    return " ".join(words.replace("_", " ").split())


def unique_name(name: str, identifier: str, key: str, taken: Collection[str], *, exercise: bool) -> str:
    """The same, with the identifier or the identity if another event of the cycle has that name (rule 1).

    Parameters
    ----------
    name
        As `event_name` gives it.
    identifier, key
        Of the storm: its identifier in the message, and its identity.
    taken
        Names of the cycle's other events, as the portal shows them.
    exercise
        Whether the portal will show the name marked as an exercise; it is compared in that form.

    Returns
    -------
    str
        Not marked as an exercise.

    Raises
    ------
    AssertionError
        If the name with the identity is taken as well.
    """
    further = [f"{name} {each}" for each in (identifier, key) if each != name]
    for each in (name, *further):
        shown = exercise_name(each) if exercise else each
        if same_name(shown) not in map(same_name, taken):
            return shown
    raise AssertionError(f"{key} is there twice")
