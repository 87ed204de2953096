"""`ibf-pipeline sandbox`: which of the built-in servers it opens."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows.cli import sandbox as commands
from flows.wiring import sandbox as wiring


@pytest.mark.parametrize(("exercises", "folder"), [(False, "sandbox"), (True, "sandbox/exercises")])
def test_exercises_have_a_server_of_their_own(
    exercises: bool, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_sandbox(configuration, *_, **__):
        opened.append(Path(configuration.settings.paths.sandbox))
        return nullcontext(SimpleNamespace(page_url="http://127.0.0.1/"))

    monkeypatch.setattr(wiring, "open_sandbox", open_sandbox)
    monkeypatch.setattr(commands, "_wait", lambda url: None)
    commands.sandbox(["XDM"], exercises=exercises, workspace=str(tmp_path))
    assert opened == [tmp_path / folder]
