"""An installation that is not of the tested versions says so in one line, and is refused nothing."""

from __future__ import annotations

import pytest

from flows.wiring import tested_set
from flows.wiring.tested_set import untested, version_differences
from tests.conftest import ROOT


def test_each_direct_dependency_in_another_version_is_named() -> None:
    tested = {"prefect": "3.8.8", "pyyaml": "6.0.3", "numpy": "2.4.6", "adlfs": "2026.8.0"}
    installed = {"prefect": "3.9.1", "pyyaml": "6.0.4", "numpy": "2.4.6", "new-one": "1.0"}
    assert version_differences(["prefect", "PyYAML", "numpy", "adlfs", "new_one"], tested, installed) == [
        "prefect 3.9.1 (tested: 3.8.8)", "pyyaml 6.0.4 (tested: 6.0.3)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ("# comment\nprefect==0.0.1\n", "not of the tested set: prefect "),
        ("not-ours==0.0.1\n", ""),
    ],
)
def test_one_line_says_it(pins: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "constraints.txt").write_text(pins, encoding="utf-8")
    monkeypatch.setattr(tested_set, "_constraints", lambda: tmp_path / "constraints.txt")
    monkeypatch.setattr(tested_set, "_requirements", lambda: ["prefect<4,>=3.8.8", "numpy"])
    untested.cache_clear()
    words = untested()
    untested.cache_clear()
    assert words.count("\n") == 0
    assert said in words
    assert bool(words) == bool(said)
    assert ("(tested: 0.0.1)" in words) == bool(said)


def test_the_set_is_found_and_has_every_direct_dependency() -> None:
    file = tested_set._constraints()
    assert file == ROOT / "constraints.txt"
    tested = tested_set._tested(file.read_text(encoding="utf-8"))
    names = {tested_set._normalised(tested_set._NAME.match(each)[0]) for each in tested_set._requirements()}  # type: ignore[index]
    assert {"prefect", "numpy", "s3fs"} <= names
    assert names - {"ibf-pipeline"} <= set(tested), "what is not pinned is not told"
