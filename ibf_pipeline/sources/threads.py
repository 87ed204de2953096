"""Several things at a time: what every thread of a source must keep to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Final, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

FILE_LIBRARIES: Final = threading.RLock()
"""held while netCDF or GRIB files are read or written: the libraries below know no threads"""


def in_this_context(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function as other threads may call it, with the context of here: log lines stay with their run."""
    context = copy_context()

    def call(*given: Given.args, **named: Given.kwargs) -> Result:
        return context.copy().run(function, *given, **named)

    return call
