"""The order of preference: who is asked, who is passed over, and what is said about it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ibf_pipeline.config.sources import Waiting
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable, WriteFailed
from ibf_pipeline.sources import ForecastFiles, first_usable
from tests.worlds.countries.forecast_files import ISSUE


@dataclass
class Answer:
    """A source that has its answer ready."""

    name: str
    error: IbfError | None = None
    asked: int = 0

    def fetch(self, issue_date: date) -> ForecastFiles:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return ForecastFiles(self.name, (Path(self.name),), "4")


def fetch_first(sources: list[Answer], issue_date: date) -> ForecastFiles:
    """The files of the first source that has any."""
    return first_usable(sources, issue_date, lambda source: source.fetch(issue_date))[0]


def test_the_preferred_source_is_used_and_no_other_asked() -> None:
    ewds, ftp = Answer("ewds"), Answer("ftp")
    assert fetch_first([ewds, ftp], ISSUE).source == "ewds"
    assert ftp.asked == 0


@pytest.mark.parametrize("kind", [InputMissing, InputInvalid, ServerRefused, ServerUnreachable])
def test_one_that_has_nothing_or_fails_is_passed_over_aloud(
    kind: type[IbfError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    sources = [Answer("ewds", kind("nothing to be had")), Answer("ftp")]
    files, passed_over = first_usable(sources, ISSUE, lambda source: source.fetch(ISSUE))
    assert (files.source, passed_over) == ("ftp", ("ewds: nothing to be had",))
    assert "source ewds is passed over: nothing to be had" in caplog.text


@pytest.mark.parametrize("kind", [VersionRefused, WriteFailed])
def test_another_source_is_no_way_out_of_a_new_version_or_a_full_disk(kind: type[IbfError]) -> None:
    """A source that declares version 4 for files which say nothing would hide that the model has changed."""
    ftp = Answer("ftp")
    with pytest.raises(kind):
        fetch_first([Answer("ewds", kind("GloFAS v5")), ftp], ISSUE)
    assert ftp.asked == 0


def test_where_none_has_it_every_one_is_named() -> None:
    with pytest.raises(InputMissing) as missing:
        fetch_first([Answer("ewds", ServerUnreachable("no answer", where="ewds.example")),
                     Answer("ftp", InputMissing("no folder", where="aux.example"))], ISSUE)  # fmt: skip
    assert missing.value.found == "ewds: ewds.example: no answer; ftp: aux.example: no folder"
    assert missing.value.exit_code == 3


def test_a_single_source_speaks_for_itself() -> None:
    error = InputInvalid("of another day", where="file", expected="this day", remedy="fetch it")
    with pytest.raises(InputInvalid) as raised:
        fetch_first([Answer("folder", error)], ISSUE)
    assert raised.value is error


def test_damage_everywhere_is_no_reason_to_wait() -> None:
    with pytest.raises(InputInvalid):
        fetch_first([Answer("a", InputInvalid("damaged")), Answer("b", ServerUnreachable("down"))], ISSUE)


def test_faults_everywhere_are_none_to_wait_for_and_each_has_its_remedy() -> None:
    with pytest.raises(ServerRefused) as refused:
        fetch_first([Answer("ewds", ServerRefused("no account", remedy="export EWDS_KEY")),
                     Answer("ftp", ServerRefused("no account", remedy="export GLOFAS_FTP_USER"))], ISSUE)  # fmt: skip
    assert refused.value.remedy == "ewds: export EWDS_KEY; ftp: export GLOFAS_FTP_USER"
    assert refused.value.exit_code == 1


def test_a_whole_forecast_is_preferred_to_an_incomplete_one_and_that_to_none() -> None:
    ewds, ftp, archive = Answer("ewds"), Answer("ftp"), Answer("archive", InputMissing("no folder"))

    def used(*whole: str) -> tuple[str, tuple[str, ...]]:
        files, passed_over = first_usable(
            [archive, ewds, ftp], ISSUE, lambda source: source.fetch(ISSUE), lambda files: files.source in whole
        )
        return files.source, passed_over

    assert used("ewds", "ftp") == ("ewds", ("archive: no folder",))
    assert used("ftp") == ("ftp", ("archive: no folder", "ewds: incomplete, and ftp is whole"))
    assert used() == ("ewds", ("archive: no folder",))


def test_waiting_needs_some_time() -> None:
    with pytest.raises(ValueError, match="no time to wait in"):
        Waiting(first_look="14:30", until="14:30")
