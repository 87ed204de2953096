"""Which texts are names for people, and which only stand where a name is missing (pure)."""

from __future__ import annotations

from typing import Final

_NO_NAMES: Final = frozenset({"", "-", "na", "n/a", "none", "nan", "null", "no", "no name", "no alert", "unknown"})


def same_name(name: str) -> str:
    """What people read as one name: capitals and blanks make no difference."""
    return " ".join(name.split()).casefold()


def is_name(name: str) -> bool:
    """Whether a text of a list is a name: `Na`, `None`, `-` and blanks are what lists have if they know none."""
    return same_name(name) not in _NO_NAMES
