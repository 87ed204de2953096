"""Targets in the settings: each kind has keys of its own, and a kind may come from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from ibf_pipeline.check.configuration_page import keys_of
from ibf_pipeline.config.loader import validated
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.config.targets import TARGET_KINDS, FilesTargetSettings, IbfTargetSettings, TargetSettings
from ibf_pipeline.errors import ConfigError


class RadioSettings(TargetSettings):
    """A kind of which the product knows nothing."""

    words = "a radio station"
    kind: Literal["radio"]
    wavelength: float


def read(**target: Any) -> TargetSettings:
    settings = {"sources": {"a": {"kind": "folder", "root": "x"}}, "targets": {"there": target}}
    return validated(Settings, settings, Path("settings.yaml")).targets["there"]


def refused(**target: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(**target)
    return caught.value.found


def test_a_section_is_of_its_kind() -> None:
    portal, folder = read(kind="ibf", url="https://ibf.example.org/api", hold_hours=2), read(kind="files", folder="out")
    assert isinstance(portal, IbfTargetSettings)
    assert (portal.url, portal.attempts, portal.hold_hours, portal.has_portal) == (portal.address, 5, 2, True)
    assert isinstance(folder, FilesTargetSettings)
    assert (folder.folder, folder.hold_hours, folder.can_notify, folder.has_portal) == ("out", 12, False, False)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"url": "http://x"}, "targets.there.kind: this key is missing"),
        ({"kind": "post"}, "targets.there.kind: input should be 'ibf' or 'files', found 'post'"),
        ({"kind": "ibf"}, "targets.there: an ibf target has either a url or embedded_sandbox: true"),
        (
            {"kind": "files", "folder": "f", "attempts": 3},
            "targets.there.attempts: a key of kind ibf, and this is of kind files: leave it out, or correct kind, "
            "found 3",
        ),
        (
            {"kind": "ibf", "url": "http://x", "folder": "f"},
            "targets.there.folder: a key of kind files, and this is of kind ibf: leave it out, or correct kind, "
            "found 'f'",
        ),
        (
            {"kind": "files", "foldr": "f"},
            "targets.there.folder: this key is missing; targets.there.foldr: unknown key, did you mean 'folder'?",
        ),
        (
            {"kind": "ibf", "url": "http://x", "attempts": 99},
            "targets.there.attempts: input should be less than or equal to 20, found 99 (tries of a call that may be "
            "repeated)",
        ),
    ],
)
def test_one_error_names_key_kind_and_remedy(target: dict[str, Any], words: str) -> None:
    assert refused(**target) == words


def test_a_kind_may_come_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "input should be 'ibf' or 'files'" in refused(kind="radio", wavelength=1500)
    monkeypatch.setitem(TARGET_KINDS, "radio", RadioSettings)
    radio = read(kind="radio", wavelength=1500, exercises=True)
    assert isinstance(radio, RadioSettings)
    assert (radio.wavelength, radio.exercises) == (1500, True)
    assert refused(kind="radio", wavelength=1500, url="http://x").startswith("targets.there.url: a key of kind ibf")
    assert "targets.<radio>.wavelength" in [key.name for key in keys_of(Settings)]
