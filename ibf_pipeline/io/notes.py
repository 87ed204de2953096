"""Notes that we keep beside files, as JSON: what is damaged is as good as nothing noted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_note(file: Path) -> dict[str, Any]:
    """What was noted; empty where there is no note, or none that can be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
