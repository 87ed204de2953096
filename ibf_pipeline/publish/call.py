"""The plan of a run: its ordered calls as data, in the records before the first one is made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ibf_pipeline.errors import InputInvalid

CallKind = Literal["write", "preview", "end"]


@dataclass(frozen=True, slots=True)
class FileBody:
    """A file that a call uploads."""

    path: str
    """below the revision's folder"""
    name: str
    """as the server stores it"""
    sha256: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a plan.

    Notes
    -----
    Every call can be repeated with the same effect, except the one of kind `end`, which notifies people.
    """

    number: int
    """1 for the first"""
    step: str
    """what it is for, in the words of the API description"""
    method: str
    path: str
    """below the target's base"""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    file: FileBody | None = None
    event: str | None = None
    """the event it belongs to"""
    kind: CallKind = "write"

    @property
    def title(self) -> str:
        """For messages: `call 17, exposure: POST /admin-area-dynamic-data/exposure`."""
        return f"call {self.number}, {self.step}: {self.method} {self.path}"

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice has the effect of sending it once."""
        return self.kind != "end"


def plan_lines(calls: Iterable[Call]) -> str:
    """A plan as JSON lines, one call per line: for people in `plan.jsonl`, for the publisher in the records.

    >>> plan_lines([Call(1, "date", "GET", "/date")])[:40]
    '{"number": 1, "step": "date", "method": '
    """
    return "".join(json.dumps(asdict(call), ensure_ascii=False, allow_nan=False) + "\n" for call in calls)


def calls_of(lines: bytes, where: object) -> list[Call]:
    """Read a plan back from its JSON lines.

    Parameters
    ----------
    lines : bytes
        What `plan_lines` returned, in UTF-8.
    where : object
        File or folder that an error names.

    Raises
    ------
    InputInvalid
        If the lines are damaged.
    """
    calls = []
    try:
        for line in lines.splitlines():  # of bytes: a text may hold what str takes for the end of a line
            entry = json.loads(line)
            entry["file"] = FileBody(**entry["file"]) if entry["file"] else None
            calls.append(Call(**entry))
    except (ValueError, TypeError, KeyError) as error:
        raise InputInvalid(
            f"the plan cannot be read ({error})", where=where, expected="the plan as it was written"
        ) from None
    return calls
