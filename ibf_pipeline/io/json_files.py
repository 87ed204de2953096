"""Our own JSON files beside results: a damaged one counts as missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_json_or_empty(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if the file is missing, damaged or holds something else."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
