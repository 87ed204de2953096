"""What several tests need: the demo country, prepared once, and where the real test data lie."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

_PREFECT_HOME = tempfile.mkdtemp(prefix="prefect-of-tests-")

os.environ.update(  # before anything imports Prefect: tests call its tasks without a run and without a server
    DO_NOT_TRACK="1",
    PREFECT_HOME=_PREFECT_HOME,  # never the database of the person who runs the tests
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW="ignore",
    PREFECT_API_TLS_INSECURE_SKIP_VERIFY="true",  # none has any, and each client would load certificates
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="180",
)

import pytest
import typer.testing
from hypothesis import is_hypothesis_test
from hypothesis import settings as hypothesis_settings
from hypothesis.internal.conjecture import providers

from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.io import sqlite
from ibf_pipeline.prepare.store import ExtentTiles, read_prepared
from tests.budget import examples
from tests.worlds.services.postgres import PostgresServer
from tests.worlds.services.prefect_server import PrefectServer, eager_client, made_database, prefect_server
from tests.worlds.session_cache import alone
from tests.worlds.speedups import prepare_from_kept
from tests.worlds.tides.country import Tides

ROOT = Path(__file__).resolve().parents[1]
# No test pulls the plug, and a disk takes five milliseconds for each of tens of thousands.
os.fsync = lambda descriptor: None
sqlite.set_durability = partial(
    lambda usual, connection, *, durable: usual(connection, durable=False), sqlite.set_durability
)
typer.testing._get_command = cache(typer.testing._get_command)  # a tenth of a second for each call, made anew
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "nginx": ("nginx", "/usr/sbin/nginx"),
    "openssl": ("openssl",),
    "systemd": ("systemd-analyze",),
    "postgresql": ("postgres", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")), reverse=True)),
}
"""what the tests run beside Python, by Debian package, under the names that it goes by"""
LOGGERS = (
    "ibf_pipeline", "destinelab", "gcsfs", "multiurl.base", "multiurl.http", "multiurl.retry", "urllib3.connectionpool",
)  # fmt: skip
"""loggers of the whole process to which the pipeline gives a level or a filter"""

# The same examples on every day, so that nobody's change fails by luck; new ones where a person runs the stories.
hypothesis_settings.register_profile(
    "ibf",
    deadline=None,
    max_examples=examples(15, 300),
    derandomize=os.environ.get("IBF_TESTS") != "all" or "CI" in os.environ,
)
hypothesis_settings.load_profile("ibf")


_REPORTED = "tests/report/test_report.py"
_FLASH = "tests/flows/test_flash_floods_flow.py"
TOGETHER = {
    "tests/flows/test_flash_demo.py": _FLASH,
    "tests/flows/test_flash_floods_operation.py": _FLASH,
    "tests/hazards/flash_floods/test_from_files.py": _FLASH,
    "tests/operate/test_silence.py": "tests/operate/test_who_is_told.py",
    "tests/report/test_browser.py": _REPORTED,
    "tests/report/test_published.py": _REPORTED,
    "tests/report/test_tables.py": _REPORTED,
}
"""files that stay on the process of another one, whose fixture takes long"""
_SHORT = ("check", "config", "discharge", "hazards", "io", "records", "runs", "storage", "targets")
"""folders without a long file: processes that begin at the two ends meet there, and none waits long for the other"""


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Every other process imports the files from the last one on: each finds compiled what the one beside it has
    compiled already, which takes as long as to import it.
    """
    report = yield
    if isinstance(collector, pytest.Directory) and os.environ.get("PYTEST_XDIST_WORKER", "gw0")[-1] in "13579":
        report.result.reverse()
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the shared Prefect server are marked so, and files with one begin. All processes have one order.

    The constants of our sources, which Hypothesis tries as examples, are looked for by one process; it takes seven
    seconds. The others read what it has found.
    """
    if any(is_hypothesis_test(getattr(item, "obj", None)) for item in items):
        with alone("constants"):
            providers._get_local_constants()
    for item in items:
        if "_prefect" in getattr(item, "fixturenames", ()):
            item.add_marker("prefect")
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, str]:
    if item.get_closest_marker("prefect"):
        return 0, str(item.path)
    folder = item.nodeid.removeprefix("tests/").split("/")[0]
    return (2 if folder in _SHORT else 1 if folder < "k" else 3), str(item.path)


def pytest_collection_finish() -> None:
    """What all modules and 6,000 tests have made stays to the end: the garbage collector, which would look through it
    again and again for a twentieth of all time, no longer does.
    """
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of a file stay together on one process and in their order.

    The first process begins with those that need a Prefect server, the others with the last of all: so there is one
    server, until the two meet.

    Not by marks: pytest-xdist 3.8 writes a group into a test's id, which pytest 9.2 no longer takes from it.
    """
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return TOGETHER.get(file, file)

        def _assign_work_unit(self, node: Any) -> None:
            if node is not self.nodes[0]:
                self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
            super()._assign_work_unit(node)

    return Together(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """No test finds the levels and filters that the one before has set: each passes alone and in any order."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.level, list(logger.filters)) for logger in loggers]
    yield
    for logger, (level, filters) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.filters[:] = filters


def pytest_sessionfinish() -> None:
    """Embedded servers that flows have started stop before the summary, not after it."""
    if module := sys.modules.get("prefect.server.api.server"):
        for server in list(module.SubprocessASGIServer._instances.values()):
            server.stop()
    shutil.rmtree(_PREFECT_HOME, ignore_errors=True)


def real_data(*parts: str) -> Path:
    """A file or folder of the real test data; skips aloud where it is missing, and fails in CI."""
    path = Path(os.environ.get("IBF_TEST_DATA", ROOT.parent / "shared" / "data")).joinpath(*parts)
    if not path.exists():
        missing(f"{path} is missing: set IBF_TEST_DATA to the folder of the real test data")
    return path


def needs(program: str) -> str:
    """Where a program lies that a test runs; skips aloud where it is not installed, and fails in CI."""
    found = next(filter(None, map(shutil.which, PROGRAMS[program])), None)
    return found or missing(f"{program} is not installed: install Debian's package {program}")


def missing(reason: str) -> NoReturn:
    """Nothing was tried, for want of something: said aloud, and a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(f"NOT TRIED: {reason}")


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    return load(ROOT / "config")


@pytest.fixture(scope="session")
def demo_country(configuration: Configuration) -> FloodCountry:
    return configuration.country_of("XDM", FloodCountry)


@pytest.fixture
def tides() -> Iterator[type[Tides]]:
    """A hazard that the product does not know, registered from outside."""
    from tests.worlds.tides.known import tides_known

    with tides_known():
        yield Tides


@pytest.fixture(scope="session")
def demo_prepared(
    tmp_path_factory: pytest.TempPathFactory, configuration: Configuration, demo_country: FloodCountry
) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "XDM"
    prepare_from_kept(demo_country, configuration.static_folder(demo_country), folder)
    return folder


@pytest.fixture(scope="session")
def demo_layers(demo_prepared: Path) -> tuple[CountryLayers, ExtentTiles]:
    return read_prepared(demo_prepared, "XDM")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The one PostgreSQL server of this process; each test has a database of its own (`records()`, `empty()`)."""
    server = PostgresServer(needs("postgresql"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def _prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    with prefect_server(tmp_path_factory.mktemp("prefect"), quiet=True) as server, eager_client():
        yield server
        _send_what_is_left()


def _send_what_is_left() -> None:
    """Logs and events that still wait: without a server they are tried again and again at the end of the process."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=10)


@pytest.fixture(scope="module")
def prefect(_prefect: PrefectServer) -> Iterator[PrefectServer]:
    """The one Prefect server of this process; what a file's tests register is gone at the file's end.

    Flow runs and artifacts stay: a test looks at its own, by name, by run or by deployment. No automation fires and
    no schedule starts anything here: `prefect_server(...)` itself is for tests of that.
    """
    yield _prefect
    _prefect.forget_what_is_registered()


@pytest.fixture(scope="session")
def _of_a_client(_prefect: PrefectServer) -> Any:
    """Prefect's settings of a client of the server, made once: that takes a fifth of a second."""
    from prefect.context import get_settings_context
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings(updates={PREFECT_API_URL: _prefect.url}):
        return get_settings_context()


@pytest.fixture
def api(prefect: PrefectServer, _of_a_client: Any) -> Iterator[PrefectServer]:
    """The same, with this process as one of its clients."""
    with _of_a_client:
        yield prefect


@pytest.fixture(scope="session")
def embedded() -> None:
    """For a flow that starts a server of its own: that finds its database made, which would take it ten seconds."""
    if not Path(_PREFECT_HOME, "prefect.db").exists():
        made_database(Path(_PREFECT_HOME))


@pytest.fixture
def plain(request: pytest.FixtureRequest) -> Iterator[None]:
    """Flows and tasks of this process are plain calls, unless the test asks for the Prefect server (`api`)."""
    from tests.worlds.plain_calls import plain_calls

    with nullcontext() if "api" in request.fixturenames else plain_calls():
        yield


@pytest.fixture(scope="module")
def tracks_here() -> Iterator[None]:
    """Files of tracks are read in this process."""
    from tests.worlds.speedups import tracks_read_here

    with tracks_read_here():
        yield


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """Flood days in this process draw no pictures, and build a country's layers once."""
    from tests.worlds.speedups import quick_days

    with quick_days():
        yield
