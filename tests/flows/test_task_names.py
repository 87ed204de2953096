"""Names of task runs: the fields of each template are parameters of its task, or nobody sees the run's name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from string import Formatter

import pytest
from prefect import Task

import tasks

TASKS = {
    f"{module.name}.{name}": value
    for module in pkgutil.iter_modules(tasks.__path__, "tasks.")
    for name, value in vars(importlib.import_module(module.name)).items()
    if isinstance(value, Task) and value.fn.__module__ == module.name
}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_run_is_named_after_parameters(task: Task[..., object]) -> None:
    assert isinstance(task.task_run_name, str)
    fields = {field.split(".")[0] for _, field, _, _ in Formatter().parse(task.task_run_name) if field}
    assert fields
    assert fields <= set(inspect.signature(task.fn).parameters)


def test_there_are_tasks_of_every_hazard() -> None:
    assert len(TASKS) >= 25
