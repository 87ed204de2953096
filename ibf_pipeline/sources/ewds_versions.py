"""What the order form of the Early Warning Data Store says of GloFAS versions: in operation, or replaced (pure).

Source: widgets of `form.json` with `name` and `details`, which hold `values` or `groups` with `label` and `values`; as
of 2026 `operational` stands in a group without a label, versions that were replaced in one that is called legacy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from ibf_pipeline.discharge.version import VersionRefused

_Form = Sequence[Mapping[str, Any]]

SYSTEM: Final = "system_version"
OPERATIONAL: Final = "operational"
_REPLACED: Final = re.compile(
    r"\b(legacy|previous|former|older|old|past|archived?|superseded|replaced|deprecated|retired)\b", re.IGNORECASE
)
_CURRENT: Final = re.compile(r"(?<!pre-)(?<!pre)\b(current|operational)\b", re.IGNORECASE)
_VERSION: Final = re.compile(r"(?:^|glofas|version|v)[\s_.-]*(\d{1,2})(?!\d)", re.IGNORECASE)
"""`version_4_0`, `4.0`, `GloFAS v4.0`"""


def groups_of(widget: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """(label, values) of each group of a widget; values without groups are one each, with the label legacy if they
    stand beside others; none if it offers none, or they are of another shape.
    """
    details = widget.get("details")
    if not isinstance(details, Mapping):
        return []
    if groups := [group for group in _list(details.get("groups")) if isinstance(group, Mapping)]:
        return [(str(group.get("label", "")), as_values(_list(group.get("values")))) for group in groups]
    return [("legacy", [value]) for value in as_values(_list(details.get("values")))]


def check_current(request: Mapping[str, Any], form: _Form, chosen: Collection[str], where: str) -> None:
    """VersionRefused if the form lists what is ordered among its legacy versions, and others as current.

    `operational` silently becomes another model, or the old one, on the day a new version goes live. `chosen`: keys
    that an operator has set in the settings, which are not questioned.
    """
    for widget in form:
        key = str(widget.get("name"))
        groups = groups_of(widget)
        legacy = {value for label, values in groups if _REPLACED.search(label) for value in values}
        current = [value for label, values in groups if not _REPLACED.search(label) for value in values]
        old = [item for item in as_values(request.get(key, [])) if item in legacy and item not in current]
        if old and current and key not in chosen:
            raise VersionRefused(
                f"the service lists {key} {old[0]!r} among its legacy versions, and {first_values(current)} as current",
                where=where,
                expected="a version that is current, and thresholds of that version",
                remedy=f"find out which GloFAS version {old[0]!r} is now; set `{key}` under `request:` of the source "
                "in settings.yaml to the version of the thresholds",
            )


def check_not_superseded(request: Mapping[str, Any], form: _Form, accepted: Collection[str], where: str) -> str:
    """VersionRefused if the form lists the version of the thresholds apart from the model in operation, which is
    ordered; else why the form cannot be judged, empty if it can.

    `accepted`: GloFAS versions that may be used with the thresholds; the newest of them counts. Rule: a version that
    stands elsewhere than `operational` (`version_4_0`) was replaced by a newer one, whatever the group is called; below
    a label that says so, a newer one was too. An order that names its version is not questioned.
    Source: a public operational guard looks every day that no `version_4*` is among them (September 2026).
    """
    newest = max((int(version.split(".")[0]) for version in accepted), default=None)
    if newest is None or any(_major(item) is not None for item in as_values(request.get(SYSTEM, [OPERATIONAL]))):
        return ""
    groups = groups_of(next((widget for widget in form if widget.get("name") == SYSTEM), {}))
    current = [value for label, values in groups if _is_current(label, values) for value in values]
    others = {value: label for label, values in groups for value in values if value not in current}
    if newest not in map(_major, current):
        for value, label in others.items():
            if (major := _major(value)) == newest or ((major or 0) > newest and _REPLACED.search(label)):
                raise _superseded(value, newest, where)
    return _unread(current, list(others), newest)


def check_operational(form: _Form, accepted: Collection[str], where: str) -> str:
    """As for an order of the model in operation: VersionRefused if it is legacy, or newer than the thresholds; else
    why the form cannot be judged, empty if it can.
    """
    request = {SYSTEM: [OPERATIONAL]}
    check_current(request, form, (), where)
    return check_not_superseded(request, form, accepted, where)


def as_values(value: Any) -> list[str]:
    """The values of a key of an order, be they one or several."""
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def first_values(values: Sequence[str]) -> str:
    """The first few."""
    return ", ".join(values[:8]) + (" ..." if len(values) > 8 else "")


def _superseded(value: str, newest: int, where: str) -> VersionRefused:
    return VersionRefused(
        f"the service lists {value} among its legacy versions: the model in operation is a newer GloFAS",
        where=where,
        expected=f"no version_{newest}* there while the thresholds are of v{newest}",
        remedy="put thresholds of the new version into the static data and set `thresholds_version` in the "
        f"country's file; until then order the old model with `{SYSTEM}: [{value}]` under `request:` of the "
        "source in settings.yaml, as long as the service makes it",
    )


def _unread(current: Sequence[str], others: Sequence[str], newest: int) -> str:
    """Why nothing follows from what is listed; empty if v`newest` is in operation as far as it says."""
    unknown = [value for value in others if _major(value) is None]
    named = [value for value in current if _major(value) is not None]
    if not current and not others:
        return f"its form lists no {SYSTEM}"
    if not current:
        return f"its form does not say which {SYSTEM} is in operation: {first_values(others)}"
    if unknown:
        return f"its form lists {SYSTEM} {unknown[0]!r}, which names no GloFAS version"
    if not others and not named:
        return f"its form names no GloFAS version: {first_values(current)}"
    if named and newest not in map(_major, named):
        return f"its form lists {named[0]} as in operation, and no v{newest}"
    return ""


def _is_current(label: str, values: Iterable[str]) -> bool:
    """Whether a group is that of the model in operation."""
    return (not _REPLACED.search(label) and bool(_CURRENT.search(label))) or any(map(_CURRENT.search, values))


def _major(value: str) -> int | None:
    found = _VERSION.search(value)
    return int(found[1]) if found else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
