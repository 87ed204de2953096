"""Our own JSON files beside results: a damaged one counts as missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

_Record = TypeVar("_Record")


def read_json_or_empty(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if the file is missing, damaged or holds something else."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def read_dataclass(kind: type[_Record], file: Path) -> _Record | None:
    """A record that was written with `asdict`; None if the file is missing, damaged or holds something else."""
    try:
        return kind(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
