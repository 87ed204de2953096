"""The result of a look at the portal after publishing, kept with its revision."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter

from ibf_pipeline.domain.wording import utc_text
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.storage.stored_folder import StoredFolder

_FORMAT = 1
"""Version of verified.json."""
VERIFICATION_FILE = "verified.json"
"""name of the text, also in the folder of a revision"""
DIFFERS: Final = "portal differs"
"""kind of the notice that the portal shows something else than what was published"""
AGREES: Final = "checked on the portal at"
"""how the words begin of a portal that shows what was published"""
_IN_SHORT = 2
"""differences that a message names before their number"""

PortalVerdict = Literal["agrees", "differs", "went on", "unread", "not checked"]
"""`went on`: the portal shows a later period by now; `unread`: it could not be read; `not checked`: nothing is known of
what it must show"""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a look at the portal."""

    verdict: PortalVerdict
    at: datetime
    """UTC"""
    differences: tuple[str, ...] = ()
    """a row each, in plain words"""
    not_checked: tuple[str, ...] = ()
    """what the portal has no way of telling, in words"""
    why: str = ""
    """it was not compared"""
    format: int = field(default=_FORMAT)

    @property
    def differs(self) -> bool:
        """Whether the portal shows something else than it must."""
        return self.verdict == "differs"

    @property
    def in_short(self) -> str:
        """For the message of a run's state, which is also on the morning page."""
        if self.differs:
            more = len(self.differences) - _IN_SHORT
            rest = f" and {more:,} more {'difference' if more == 1 else 'differences'}" if more > 0 else ""
            return f"the portal differs: {', '.join(self.differences[:_IN_SHORT])}{rest}"
        return self._said(f"{self.at:%H:%M} UTC")

    @property
    def words(self) -> str:
        """For the report and the terminal, where the differences are listed separately."""
        if self.differs:
            rows = "one difference" if len(self.differences) == 1 else f"{len(self.differences):,} differences"
            return f"the portal differs from what was published, {rows} at {self._time}"
        return self._said(self._time)

    @property
    def _time(self) -> str:
        return utc_text(self.at)

    def _said(self, at: str) -> str:
        return {
            "agrees": f"{AGREES} {at}",
            "went on": f"can no longer be compared: {self.why}",
            "unread": f"could not be checked on the portal: {self.why}",
            "not checked": f"not checked on the portal: {self.why}",
        }[self.verdict]


_VERIFIED = TypeAdapter(Verification)


def keep_verification(verified: Verification, revision: StoredFolder) -> None:
    """Keep a look at the portal with its revision.

    Raises
    ------
    WriteFailed
        If the records or the folder cannot take it.
    """
    content = asdict(verified) | {"at": verified.at.isoformat(timespec="seconds")}
    revision.keep_note(VERIFICATION_FILE, json.dumps(content, indent=1, ensure_ascii=False))


def read_verification(revision: StoredFolder) -> Verification | None:
    """The last look at what a revision published; None if there was none.

    Raises
    ------
    InputInvalid
        If it is damaged or of another format.
    """
    file = revision.folder / VERIFICATION_FILE
    try:
        text = revision.note(VERIFICATION_FILE)
        kept = None if text is None else _VERIFIED.validate_json(text)
    except (OSError, ValueError) as error:
        raise _unreadable(f"cannot be read ({type(error).__name__})", file) from None
    if kept is None:
        return None
    if kept.format != _FORMAT:
        raise _unreadable(f"is of format {kept.format}", file)
    return kept


def _unreadable(how: str, file: Path) -> InputInvalid:
    remedy = "look again with `ibf-pipeline verify`, which writes it anew"
    return InputInvalid(f"the last look at the portal {how}", where=file, expected=f"format {_FORMAT}", remedy=remedy)
