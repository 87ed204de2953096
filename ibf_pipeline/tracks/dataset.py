"""The messages of one cycle to one dataset: storms by identifier, members of several files side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.tracks import DIMS, QUADRANTS, SPEEDS_MS, MemberKind, datetime64_of
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.tracks.storm_message import Floats, StormMessage

_IDENTIFIER: Final = re.compile(r"\d\d[A-Z]")
_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9 '.\-]*", re.ASCII)
_KINDS: Final[Mapping[float, MemberKind]] = {
    0: "high-resolution",
    1: "control",
    2: "perturbed",
    3: "perturbed",
    4: "perturbed",
}
"""code table 0 01 092"""
_BEHIND: Final[Mapping[MemberKind, int]] = {"control": 1, "high-resolution": 2}
"""their number, after the last perturbed one, where a message has none"""
_LAST_STEP_H: Final = {0: 240, 12: 240}
_SHORT_LAST_STEP_H: Final = 144
_VALUES: Final = ("lat", "lon", "pressure", "wind", "wind_lat", "wind_lon", "radius")
_ROUNDED: Final = {"lat": 0.11, "lon": 0.11, "pressure": 1.1, "wind": 0.55, "radius": 2.0}
"""what the same number may differ by in two products of ECMWF: one has it from whole knots or miles, one from tenths"""
_MADE_BY: Final = {98: "ECMWF", 255: "made up, no forecast of anybody"}
SYNTHETIC_CENTRE: Final = 255
"""the centre of messages that are not a forecast: missing"""


def empty_tracks(cycle: datetime, perturbed: int = 50, *, source: str = "ECMWF") -> xr.Dataset:
    """A cycle without any storm, as `domain/tracks.py` says."""
    return _dataset({}, np.array([0]), dict.fromkeys(range(1, perturbed + 1), "perturbed"), cycle, source)


def merge_messages(messages: Sequence[StormMessage], perturbed: int) -> xr.Dataset:
    """All storms of one cycle, sorted by identifier, in the shape of `domain/tracks.py`.

    Two messages of one storm are one storm; a member that is in both must have the same numbers in both, as far as
    rounding goes, and has those of the message with more members.

    Parameters
    ----------
    messages
        Of one cycle.
    perturbed
        Members of the whole cycle: all of them are there, as members without a storm if no message has them.

    Raises
    ------
    InputInvalid
        For several cycles, members that cannot be told apart, or storms without a usable identifier.
    """
    cycles = sorted({each.cycle for each in messages})
    if len(cycles) != 1:
        other = next(each for each in messages if each.cycle != messages[0].cycle)
        raise InputInvalid(
            " and ".join(f"the cycle of {each:%Y-%m-%d %H} UTC" for each in cycles),
            where=other.file,
            expected="messages of one cycle",
            remedy="remove the files of the other one",
        )
    steps = np.unique(np.concatenate([each.step[np.isfinite(each.step)] for each in messages])).astype(int)
    kinds: dict[int, MemberKind] = dict.fromkeys(range(1, perturbed + 1), "perturbed")
    storms: dict[str, _Storm] = {}
    for message in sorted(messages, key=lambda each: -len(each.member)):
        numbers = _numbers(message, perturbed, kinds)
        storms.setdefault(_identifier(message), _Storm()).add(message, numbers, steps)
    made_by = sorted({_MADE_BY.get(each.centre, f"centre {each.centre}") for each in messages})
    return _dataset(storms, steps, dict(sorted(kinds.items())), cycles[0], " and ".join(made_by))


class _Storm:
    """What the messages of one storm say."""

    def __init__(self) -> None:
        self.name = ""
        self.observed = (np.nan, np.nan)
        self.members: dict[int, dict[str, Floats]] = {}
        """by member, by variable: (step, ...)"""

    def add(self, message: StormMessage, numbers: Sequence[int], steps: npt.NDArray[np.int64]) -> None:
        """One more message; InputInvalid if it contradicts those before."""
        name = _name(message)
        if name and self.name not in ("", name):
            raise _contradiction(message, f"the name {name}, and {self.name} elsewhere")
        self.name = self.name or name
        if np.isfinite(message.observed).all():
            if np.isfinite(self.observed).all() and self.observed != message.observed:
                raise _contradiction(message, f"seen at {message.observed}, and at {self.observed} elsewhere")
            self.observed = message.observed
        for row, number in enumerate(numbers):
            values = _on(message, row, steps)
            before = self.members.setdefault(number, values)
            if not _same(before, values):
                raise _contradiction(message, f"member {number} twice with different numbers")


def _same(before: Mapping[str, Floats], values: Mapping[str, Floats]) -> bool:
    return all(
        np.allclose(before[name], values[name], rtol=0, atol=most, equal_nan=True) for name, most in _ROUNDED.items()
    )


def _on(message: StormMessage, row: int, steps: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """A member's values on the steps of all messages."""
    own = message.step[row]
    own = own[np.isfinite(own)]
    found = {}
    for name in _VALUES:
        values = getattr(message, name)[row, : len(own)]
        found[name] = np.full((len(steps), *values.shape[1:]), np.nan)
        found[name][np.searchsorted(steps, own)] = values
    return found


def _identifier(message: StormMessage) -> str:
    if _IDENTIFIER.fullmatch(message.identifier) is None:
        raise InputInvalid(
            f"a storm with the identifier {message.identifier!r}",
            where=message.file,
            expected="two digits and a letter, as 21W",
            remedy="it is damaged, or not ECMWF's: fetch it again",
        )
    return message.identifier


def _name(message: StormMessage) -> str:
    """Empty if it is the identifier alone."""
    name = message.name.upper()
    if name and _NAME.fullmatch(name) is None:
        raise InputInvalid(
            f"storm {message.identifier} with the name {message.name!r}",
            where=message.file,
            expected="letters and digits",
            remedy="it is damaged: delete it and fetch it again",
        )
    return "" if name == message.identifier else name


def _numbers(message: StormMessage, perturbed: int, kinds: dict[int, MemberKind]) -> list[int]:
    """Of each member its number; adds to `kinds` what is new there."""
    numbers = []
    for stated, code in zip(message.member.tolist(), message.forecast_type.tolist(), strict=True):
        number, kind = _member(message, stated, code, perturbed)
        if number in numbers or kinds.setdefault(number, kind) != kind:
            raise _contradiction(message, f"member {number} as {kind}, and once more")
        numbers.append(number)
    return numbers


def _member(message: StormMessage, stated: float, code: float, perturbed: int) -> tuple[int, MemberKind]:
    """Number and kind: messages before 2021 have a type of the unperturbed alone, single runs may have no number."""
    kind = _KINDS.get(code)
    if np.isnan(code) and np.isfinite(stated):
        kind = {perturbed + 1: "control", perturbed + 2: "high-resolution"}.get(int(stated), "perturbed")  # type: ignore[assignment]
    if kind is None or (kind == "perturbed" and not 1 <= stated <= perturbed):
        raise InputInvalid(
            f"storm {message.identifier}: member {stated:g} of type {code:g}",
            where=message.file,
            expected=f"perturbed members 1 to {perturbed}, a control, a high-resolution run",
            remedy="correct `members` in the country's file where the ensemble has grown; else fetch the file again",
        )
    if kind == "perturbed" or stated > perturbed:
        return int(stated), kind
    return perturbed + _BEHIND[kind], kind


def _contradiction(message: StormMessage, found: str) -> InputInvalid:
    return InputInvalid(
        f"storm {message.identifier} has {found}",
        where=message.file,
        expected="one storm's members once, or the same numbers in every file",
        remedy="files of several products or editions lie together: remove all but one edition, or fetch them again",
    )


def _dataset(
    storms: Mapping[str, _Storm],
    steps: npt.NDArray[np.int64],
    kinds: Mapping[int, MemberKind],
    cycle: datetime,
    source: str,
) -> xr.Dataset:
    names, members = sorted(storms), list(kinds)
    shape = (len(names), len(members), len(steps))
    further = {"radius": (len(SPEEDS_MS), len(QUADRANTS))}
    values = {name: np.full((*shape, *further.get(name, ())), np.nan) for name in _VALUES}
    for row, storm in enumerate(names):
        for number, found in storms[storm].members.items():
            for name in _VALUES:
                values[name][row, members.index(number)] = found[name]
    start = datetime64_of(cycle)
    return xr.Dataset(
        {name: ((*DIMS, "speed", "quadrant")[: values[name].ndim], values[name]) for name in _VALUES}
        | {
            f"observed_{name}": ("storm", np.array([storms[each].observed[place] for each in names], dtype=float))
            for place, name in enumerate(("lat", "lon"))
        }
        | {"listed": ("storm", np.array([len(storms[each].members) for each in names], dtype=float))},
        coords={
            "storm": np.array(names, dtype=str),
            "name": ("storm", np.array([storms[each].name or each for each in names], dtype=str)),
            "member": members,
            "kind": ("member", np.array(list(kinds.values()), dtype=str)),
            "time": start + steps.astype("timedelta64[h]"),
            "step": ("time", steps),
            "speed": list(SPEEDS_MS),
            "quadrant": list(QUADRANTS),
        },
        attrs={
            "cycle": cycle.astimezone(UTC).isoformat(),
            "perturbed": sum(kind == "perturbed" for kind in kinds.values()),
            "last_step_h": max(int(steps.max()), _LAST_STEP_H.get(cycle.hour, _SHORT_LAST_STEP_H)),
            "source": source,
        },
    )
