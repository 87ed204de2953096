"""Commands given what they cannot use end with a message and the code for it, never with a traceback."""

from __future__ import annotations

import shutil
import socket
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from flows.backfill import backfill_days, backfill_issue_times
from flows.cli.app import app, main
from flows.cli.flash_demo import set_up
from flows.wiring.day import as_issue_time, open_configuration, open_day
from flows.wiring.decisions import open_run, reported
from flows.wiring.environment import as_unreachable
from flows.wiring.wishes import require_wishes
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown, UsageError
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.sql import DatabaseAway
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.synthetic.wishes import WishInvalid
from ibf_pipeline.targets.resumption import Decision
from tests.conftest import ROOT
from tests.flows.test_command_run import command
from tests.worlds.runs import flood_run


@pytest.mark.parametrize("run", ["garbage", "XDM/2026-02-30", "XDM/2026-02", "xdm/2026-02-15"])
def test_what_names_no_run_is_bad_usage(run: str) -> None:
    with pytest.raises(UsageError, match="names no run") as raised:
        open_run(run, "config", None, None)
    assert raised.value.exit_code == 2


def test_other_bad_usage() -> None:
    with pytest.raises(UsageError, match="2026-02-02 is after 2026-02-01"):
        backfill_issue_times(FLOODS, date(2026, 2, 2), date(2026, 2, 1))
    with pytest.raises(UsageError, match="exclude each other"):
        Decision(approve=True, abort=True)


def test_a_block_of_a_hazard_that_was_not_named() -> None:
    """`--hazard` was forgotten: floods are meant, which have days."""
    with pytest.raises(UsageError, match=r"Expected: a day .* parameter or name the hazard: --hazard flash-floods\.$"):
        as_issue_time(FLOODS, "2026-02-15T06", ["flash-floods"])
    with pytest.raises(UsageError, match=r"What to do: correct the parameter\.$"):
        as_issue_time(FLOODS, "2026-02-15T07", ["flash-floods"])
    with pytest.raises(UsageError, match=r"or name the hazard: --hazard flash-floods\.$"):
        backfill_issue_times(FLOODS, "2026-02-15T06", "2026-02-15T12", ["flash-floods"])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The demo country with floods and flash floods."""
    config = set_up(tmp_path_factory.mktemp("both"), str(ROOT / "config"))
    own = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text(encoding="utf-8"))
    of_demo = Path(config, "countries/XDM.yaml")
    demo = yaml.safe_load(of_demo.read_text(encoding="utf-8"))
    floods = {
        name: own.pop(name) for name in set(own) - {"iso3", "name", "static", "admin_levels", "default_admin_level"}
    }
    sources = {"sources": floods.pop("sources")}
    hazards = {"floods": floods | sources, **demo["hazards"]}
    of_demo.write_text(yaml.safe_dump(own | {"static": demo["static"], "hazards": hazards}), encoding="utf-8")
    return config


def test_backfill_says_that_a_hazard_may_be_meant(both: str) -> None:
    asked = backfill_days("XDM", "2026-02-15T06", "2026-02-15T12", None, notify=False, config=both, workspace=None)
    with pytest.raises(UsageError, match=r"or name the hazard: --hazard flash-floods\.$"):
        next(asked)


@pytest.mark.parametrize(
    ("hazard", "wishes", "said"),
    [
        (None, "Kimiri=@3h", r"correct the wish, .* or name the hazard: --hazard flash-floods\.$"),
        (None, "Nowhere=@3h:30mm/1h", r"--hazard flash-floods\.$"),
        (None, "Kimiri=@99h", r"What to do: correct the wish, and run the exercise again\.$"),
        ("floods", "Kimiri=@3h", r"What to do: correct the wish, and run the exercise again\.$"),
        ("flash-floods", "Nowhere=@3h", r"no district 'Nowhere'.* What to do: correct the wish"),
        ("flash-floods", "G9001=-wwwTTw-", r"is not a wish.* What to do: correct the wish"),
    ],
)
def test_wishes_are_read_before_a_server_is_started_or_anything_prepared(
    both: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hazard: str | None, wishes: str, said: str
) -> None:
    """As the command line does: its flow is not even begun."""
    monkeypatch.setattr("flows.scenario.scenario", lambda *given, **options: pytest.fail("it was begun"))
    options = ["--hazard", hazard] if hazard else []
    place = ["--config", both, "--workspace", str(tmp_path / "work")]
    monkeypatch.setattr(sys, "argv", ["ibf-pipeline", "scenario", "XDM", wishes, *options, *place])
    with pytest.raises(WishInvalid, match=said):
        app(standalone_mode=False)
    assert not (tmp_path / "work" / "prepared").exists()


def test_wishes_that_can_be_read(both: str) -> None:
    for hazard, wishes in (("flash-floods", "Kimiri=@3h"), ("flash-floods", "end"), (None, "G9001=-wwwTTw-")):
        day = open_day(both, "XDM", None, None, hazard=hazard, exercise=True)
        require_wishes(day, wishes, hazard)


def test_the_report_of_a_day_that_never_ran(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="no finished run of XDM for 2026-02-01"):
        rewrite_report(flood_run(tmp_path, "XDM", date(2026, 2, 1)), tmp_path)


def test_a_decision_ends_with_its_own_error_whatever_its_report_meets(
    both: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records went away while nobody knew whether people were notified: exit code 4, not 1."""

    def away(self: RunFolder) -> bool:
        raise DatabaseAway("the records cannot be used")

    monkeypatch.setattr(RunFolder, "is_whole", property(away))
    day = open_run("XDM/floods/2026-02-15", both, None, str(tmp_path))
    with pytest.raises(OutcomeUnknown, match="may have been carried out") as raised, reported(day):
        raise OutcomeUnknown("the notification may have been carried out")
    assert raised.value.exit_code == 4


def test_a_run_of_another_machine_is_named_without_its_hazard(both: str, tmp_path: Path) -> None:
    config, shared = tmp_path / "config", Path(both)
    shutil.copytree(shared, config)
    settings = yaml.safe_load((shared / "settings.yaml").read_text(encoding="utf-8"))
    settings |= {"store": {"url": f"file://{tmp_path}/store"}, "records": f"sqlite:///{tmp_path}/records.sqlite"}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.raises(UsageError, match="may be a run of any of flash-floods, floods"):
        open_run("XDM/2026-02-15", str(config), None, None)
    run = flood_run(tmp_path / "other/runs", "XDM", date(2026, 2, 15), open_configuration(str(config)).storage)
    keep_findings(run, begin_findings(run), {})
    day = open_run("XDM/2026-02-15", str(config), None, None)
    assert (day.country.hazard, day.run.path.exists()) == ("floods", False)


def test_a_port_in_use_and_a_damaged_database_of_the_sandbox(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(IbfError, match=f"port {port} cannot be used .* --port"):
            Sandbox(tmp_path, port=port).start()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "sandbox.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(IbfError, match="database cannot be used"):
        Sandbox(tmp_path / "bad")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IbfError, match="database cannot be used"):
        Sandbox(tmp_path / "file")


@pytest.mark.parametrize(
    "words",
    [
        ("run", "XDM", "--date", "2026-02-15"),
        ("backfill", "XDM", "--from", "2026-02-14", "--to", "2026-02-15"),
        ("all-countries", "--date", "2026-02-15"),
        ("scenario", "XDM", "G9002=---TTTTT", "--date", "2026-02-15"),
        ("deploy", "--wait", "0"),
    ],
    ids=lambda words: words[0],
)
def test_a_prefect_server_that_is_down(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`run` as a person calls it; the others with the same entry point in this process."""
    settings = {"PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"}
    words = (*words, "--workspace", str(tmp_path / "work"))
    if words[0] == "run":
        code, said = command(tmp_path, *words, **settings)
    else:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["ibf-pipeline", *words])
        down = {PREFECT_API_URL: settings["PREFECT_API_URL"], PREFECT_CLIENT_MAX_RETRIES: 0}
        with temporary_settings(updates=down), pytest.raises(SystemExit) as ended:
            main()
        code, said = ended.value.code, "".join(capfd.readouterr())
    assert code == 1, said
    assert "Traceback" not in said
    assert said.count("the Prefect server cannot be reached") == 1


def test_a_server_of_ones_own_that_does_not_come_up_is_an_error_and_no_traceback() -> None:
    error = as_unreachable(RuntimeError("Timed out while attempting to connect to ephemeral Prefect API server."))
    assert error is not None
    assert "was not up in time" in error.found
    assert "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS" in error.remedy
