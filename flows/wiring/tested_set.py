"""Whether this installation is of the versions that were tested together, those of `constraints.txt`.

Some other combinations schedule nothing, or end a process, silently. So one line says it where a run begins and where
`deploy` is run; nothing is refused.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

_OURS: Final = "ibf-pipeline"
_FILE: Final = "constraints.txt"
_PYTHONS: Final = ((3, 11), (3, 12), (3, 13))
"""that the tests were run on"""
_NAMED: Final = 5
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


@cache
def untested() -> str:
    """What differs from the tested set, in one line; empty if nothing does, or the set is not at hand."""
    file = _constraints()
    direct = [found[0] for each in _requirements() if (found := _NAME.match(each))]
    pins = {} if file is None else _tested(file.read_text(encoding="utf-8"))
    differing = version_differences(direct, pins, _installed(direct))
    if sys.version_info[:2] not in _PYTHONS:
        differing.insert(0, f"Python {sys.version_info[0]}.{sys.version_info[1]}")
    if not differing:
        return ""
    more = f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
    return (
        f"this installation is not of the tested set: {', '.join(differing[:_NAMED])}{more}; to have that, "
        f"install with `pip install -c {_FILE}` (docs/installation.md, Versions)"
    )


def version_differences(direct: Iterable[str], tested: Mapping[str, str], installed: Mapping[str, str]) -> list[str]:
    """`prefect 3.9.1 (tested: 3.8.8)` for each direct dependency that is installed in another version, by name.

    `tested`, `installed`: normalised name -> version. What is not installed, or never was tested, is left out.
    """
    names = sorted({_normalised(each) for each in direct})
    return [
        f"{name} {installed[name]} (tested: {tested[name]})"
        for name in names
        if name in installed and installed[name] != tested.get(name, installed[name])
    ]


def _constraints() -> Path | None:
    """Beside the packages in a checkout, else where an installation has it."""
    places = (Path(__file__).parents[2] / _FILE, Path(sys.prefix) / "share" / _OURS / _FILE)
    return next((place for place in places if place.is_file()), None)


def _requirements() -> list[str]:
    try:
        return requires(_OURS) or []
    except PackageNotFoundError:
        return []


def _tested(text: str) -> dict[str, str]:
    pinned = (line.partition("==") for line in text.splitlines() if not line.startswith("#"))
    return {_normalised(name): pin.strip() for name, sign, pin in pinned if sign}


def _installed(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[_normalised(name)] = version(name)
    return found


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
