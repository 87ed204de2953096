"""What one machine has fetched of a forecast is there on the others as it was fetched; no source is asked again."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.records.schema import KEPT_FILES
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ewds import EwdsSource
from ibf_pipeline.sources.ewds_service import EwdsService, Queue
from ibf_pipeline.sources.shared_days import SharedDays
from tests.worlds.countries.forecast_files import ISSUE, MEMBERS, areas, require_whole
from tests.worlds.services.ewds import DATASET, KEY, Service, running
from tests.worlds.shared import sharing

ARRIVED = 1_771_150_000_123_456_789
"""nanoseconds"""


@pytest.fixture
def one(tmp_path: Path) -> InputCache:
    return machine(tmp_path, "one")


@pytest.fixture
def other(tmp_path: Path) -> InputCache:
    return machine(tmp_path, "other")


def machine(folder: Path, name: str) -> InputCache:
    return InputCache(folder / name, SharedDays(sharing(folder / "shared")))


def fetch(cache: InputCache, country: str | None = None, **files: str) -> None:
    with cache.held("glofas", ISSUE, country) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
            os.utime(folder / name, ns=(ARRIVED, ARRIVED))


def held(cache: InputCache, country: str | None = None) -> dict[str, str]:
    """The texts that whoever holds the day finds there."""
    with cache.held("glofas", ISSUE, country) as folder:
        files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
        return {name: file.read_text() for name, file in files.items() if not name.startswith(".")}


def test_files_are_there_with_their_times_and_unfinished_ones_are_not(one: InputCache, other: InputCache) -> None:
    fetch(one, **{"UGA/a.nc": "a", "UGA/b.nc.part": "b", "raw/c.nc": "c", "UGA/.d": "d"})
    assert held(other) == {"UGA/a.nc": "a"}
    assert (other.day("glofas", ISSUE) / "UGA/a.nc").stat().st_mtime_ns == ARRIVED


def test_a_day_that_was_deleted_is_brought_again(one: InputCache, other: InputCache) -> None:
    fetch(one, **{"UGA/a.nc": "a", "UGA/b.nc": "b"})
    assert held(other) == {"UGA/a.nc": "a", "UGA/b.nc": "b"}
    (other.day("glofas", ISSUE) / "UGA/b.nc").unlink()
    shutil.rmtree(one.day("glofas", ISSUE))
    assert held(one) == {"UGA/a.nc": "a", "UGA/b.nc": "b"}


def test_what_was_fetched_anew_takes_the_place_of_what_was_brought(one: InputCache, other: InputCache) -> None:
    fetch(one, **{"UGA/a.nc": "a", "UGA/b.nc": "b"})
    held(other)
    with one.held("glofas", ISSUE) as folder:
        (folder / "UGA/b.nc").unlink()
        (folder / "UGA/a.nc").write_text("corrected")
    assert held(other) == {"UGA/a.nc": "corrected"}


def test_only_what_changed_is_put_and_brought(one: InputCache, tmp_path: Path) -> None:
    fetch(one, **{"UGA/a.nc": "a"})
    fetch(one, **{"UGA/b.nc": "b"})
    held(one)
    stored = sorted(file.name for file in (tmp_path / "shared/store").rglob("*.nc"))
    assert stored == ["a.nc", "b.nc"]


def test_what_a_killed_process_had_fetched_more_stays_and_is_shared(one: InputCache, other: InputCache) -> None:
    fetch(one, **{"UGA/a.nc": "a"})
    folder = other.day("glofas", ISSUE) / "UGA"
    folder.mkdir(parents=True)
    for name in ("a.nc", "b.nc"):
        (folder / name).write_text("own")
    assert held(other) == {"UGA/a.nc": "own", "UGA/b.nc": "own"}
    assert held(one) == {"UGA/a.nc": "own", "UGA/b.nc": "own"}


def test_what_there_was_when_a_fetch_failed_is_shared_too(one: InputCache, other: InputCache) -> None:
    def fail() -> None:
        with one.held("glofas", ISSUE) as folder:
            (folder / "orders.json").write_text("2 failed")
            raise InputInvalid("it is damaged")

    with pytest.raises(InputInvalid):
        fail()
    assert held(other) == {"orders.json": "2 failed"}


def test_parts_of_countries_are_held_and_shared_apart(one: InputCache, other: InputCache) -> None:
    fetch(one, "UGA", **{"UGA/a.nc": "a", "UGA-before/b.nc": "b", "KEN/c.nc": "not held"})
    with other.held("glofas", ISSUE, "KEN"):
        assert held(other, "UGA") == {"UGA/a.nc": "a", "UGA-before/b.nc": "b"}


def test_a_machine_that_fetches_is_waited_for_unless_another_source_has_it(one: InputCache, other: InputCache) -> None:
    found = list[dict[str, str]]()
    waiting = threading.Thread(target=lambda: found.append(held(other)))
    refused = list[ServerUnreachable]()

    def in_a_hurry() -> None:
        try:
            with other.held("glofas", ISSUE, instead="ewds"):
                pass
        except ServerUnreachable as error:
            refused.append(error)

    hurrying = threading.Thread(target=in_a_hurry)
    with one.held("glofas", ISSUE) as folder:
        hurrying.start()
        hurrying.join(60)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        (folder / "a.nc").write_text("a")
    waiting.join(60)
    assert found == [{"a.nc": "a"}]
    assert [error.found for error in refused] == ["another run is fetching it, and ewds has the whole forecast"]


def test_a_store_that_is_away_is_asked_once_and_stops_nothing(
    one: InputCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held(one)
    store = tmp_path / "shared/store"
    store.rmdir()
    store.write_text("no folder")
    fetch(one, **{"a.nc": "a"})
    fetch(one, **{"b.nc": "b"})
    assert held(one) == {"a.nc": "a", "b.nc": "b"}
    assert caplog.text.count("forecasts are not shared for 15 minutes") == 1


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    from ibf_pipeline.sources import ewds_request

    members = {"control_forecast": 1, "ensemble_perturbed_forecasts": MEMBERS - 1}
    monkeypatch.setattr(ewds_request, "MEMBERS_OF", members)
    with running() as about:
        yield about


def ewds(cache: InputCache, service: Service) -> EwdsSource:
    client = EwdsService(service.url, DATASET, lambda: KEY, RetryPolicy(5, 1), Queue(0.01, 600, 30))
    return EwdsSource("ewds", client, cache, "AAA", areas()["AAA"], None, 8)


def test_the_early_warning_data_store_has_one_order_for_all_machines(
    one: InputCache, other: InputCache, service: Service
) -> None:
    first, second = ewds(one, service).fetch(ISSUE), ewds(other, service).fetch(ISSUE)
    assert len(service.orders) == 1
    require_whole(second, "AAA")
    assert second.origin == first.origin
    assert [file.stat().st_mtime_ns for file in second.files] == [file.stat().st_mtime_ns for file in first.files]


def test_an_order_of_a_machine_that_was_killed_is_waited_for_by_another(
    one: InputCache, other: InputCache, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(EwdsService, "wait", killed)
        with pytest.raises(KeyboardInterrupt):
            ewds(one, service).fetch(ISSUE)
    require_whole(ewds(other, service).fetch(ISSUE), "AAA")
    assert len(service.orders) == 1


def test_what_was_deleted_from_the_store_is_put_again_with_what_is_new(
    one: InputCache, other: InputCache, tmp_path: Path
) -> None:
    fetch(one, **{"a.nc": "a"})
    database = sharing(tmp_path / "shared").database
    with database.transaction() as connection:
        connection.execute(KEPT_FILES.update().values(pruned="2026-03-20"))
    shutil.rmtree(tmp_path / "shared/store/inputs")
    fetch(one, **{"b.nc": "b"})
    assert held(other) == {"a.nc": "a", "b.nc": "b"}
