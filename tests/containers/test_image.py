"""What the Containerfile promises: not root, a base by digest, a health check, and only files that there are."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Instructions with what follows them, in their order; continued lines are one."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines.splitlines() if line.strip()]


def last(steps: list[tuple[str, str]], instruction: str) -> str:
    return [rest for name, rest in steps if name == instruction][-1]


def test_the_base_is_given_and_never_a_tag_of_its_own_choice(steps: list[tuple[str, str]]) -> None:
    assert steps[0] == ("ARG", "BASE")
    assert [rest for name, rest in steps if name == "FROM"] == ["${BASE} AS build", "${BASE}"]


def test_it_runs_as_a_user_without_rights_below_an_init(steps: list[tuple[str, str]]) -> None:
    names = [name for name, _ in steps]
    assert last(steps, "USER") == "1001:1001"
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "COPY")
    assert last(steps, "ENTRYPOINT") == '["/usr/bin/tini", "-g", "--"]'
    assert "HEALTHCHECK" in names


def test_what_is_installed_is_locked_and_the_extras_exist(steps: list[tuple[str, str]]) -> None:
    (install,) = (rest for name, rest in steps if name == "RUN" and "pip install" in rest)
    assert "-c constraints.txt" in install
    (extras,) = (rest.removeprefix("EXTRAS=") for name, rest in steps if name == "ARG" and rest.startswith("EXTRAS="))
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {"postgres", "s3", "azure", "gcs"} <= set(extras.split(",")) <= set(known)


def test_every_file_that_is_copied_is_there_and_let_through(steps: list[tuple[str, str]]) -> None:
    ignore = (ROOT / ".containerignore").read_text(encoding="utf-8").split()
    assert "*" in ignore
    let_through = [pattern.removeprefix("!") for pattern in ignore if pattern.startswith("!")]
    copied = [rest.split()[:-1] for name, rest in steps if name == "COPY" and not rest.startswith("--from")]
    for path in (path for paths in copied for path in paths):
        assert (ROOT / path).exists(), path
        assert any(fnmatch(path, pattern) for pattern in let_through), path
