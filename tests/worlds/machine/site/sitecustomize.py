"""Python of a made-up machine: the machine has a name of its own, leases are as short as told, pictures are a dot.

Python loads this before anything else where its folder stands in PYTHONPATH. A module is changed when it is loaded, so
that a process that does not need it does not load it.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MACHINE = "IBF_TESTS_MACHINE"
"""environment variable: the name of the machine"""
LEASE_SECONDS = "IBF_TESTS_LEASE_SECONDS"
"""environment variable: until a lease that nobody renews is over"""

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f85f0f00028701"
    "80eba47a920000000049454e44ae426082"
)
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def _map(*_: Any) -> bytes:
    return _PNG


def _station(*what: Any) -> bytes:
    return _SVG if what[-1].endswith(".svg") else _PNG


def changes() -> dict[str, dict[str, Any]]:
    """Module -> name -> value on a made-up machine."""
    pictures: dict[str, dict[str, Any]] = {
        "ibf_pipeline.report.writer": {"overview_map": _map, "event_map": _map},
        "ibf_pipeline.report.floods.drawing": {"draw_hydrograph": _station, "draw_buildup": _station},
    }
    seconds = os.environ.get(LEASE_SECONDS)
    return pictures | ({"ibf_pipeline.records.lease": {"LEASE_SECONDS": float(seconds)}} if seconds else {})


class _Changed(MetaPathFinder):
    """Finds modules as usual, and sets some of their values once they are loaded."""

    def __init__(self, changes: dict[str, dict[str, Any]]) -> None:
        self._changes = changes

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        values = self._changes.pop(name, None)
        spec = importlib.util.find_spec(name) if values else None
        if spec is None or spec.loader is None or values is None:
            return None
        load = spec.loader.exec_module

        def load_and_change(module: ModuleType) -> None:
            load(module)
            for key, value in values.items():
                getattr(module, key)  # what is no longer there must not be set in silence
                setattr(module, key, value)

        spec.loader.exec_module = load_and_change  # type: ignore[method-assign]
        return spec


if MACHINE in os.environ:
    socket.gethostname = lambda: os.environ[MACHINE]
    sys.meta_path.insert(0, _Changed(changes()))
