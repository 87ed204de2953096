"""Several things at a time: what every thread of a source must keep to."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def in_this_context(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The function as other threads may call it, with the context of here: log lines stay with their run."""
    context = copy_context()

    def call(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        return context.copy().run(function, *given, **named)

    return call
