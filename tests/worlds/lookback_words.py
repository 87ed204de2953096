"""What a run says of its look at the portal."""

from __future__ import annotations

import re

from prefect.client.schemas.objects import State

_LOOKED = re.compile(
    r"; (checked on the portal at \d\d:\d\d UTC|not checked on the portal: nothing was written down before publishing)"
)


def said(state: State) -> str:
    """The message of a published day without that the portal was looked at afterwards, and shows what it must."""
    assert "; checked on the portal at " in str(state.message), state.message
    return unlooked(str(state.message))


def unlooked(message: str) -> str:
    """A message without what the look came to, where there was one that agreed or had nothing to compare with."""
    return _LOOKED.sub("", message)
