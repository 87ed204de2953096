"""How many examples Hypothesis tries: few on every day, many where the long stories run."""

from __future__ import annotations

import os


def examples(few: int, many: int) -> int:
    """`many` under `make test-all` (IBF_TESTS=all), else `few`."""
    return many if os.environ.get("IBF_TESTS") == "all" else few
