"""How many examples Hypothesis tries: few on every day, many where a person runs the long stories."""

from __future__ import annotations

import os


def examples(few: int, many: int) -> int:
    """`many` under `make test-all` (IBF_TESTS=all), else `few`; in CI, whose examples are always the same, three times
    `few`.
    """
    if os.environ.get("IBF_TESTS") != "all":
        return few
    return min(many, 3 * few) if "CI" in os.environ else many
