"""The Early Warning Data Store: orders, their states, their failures, what arrives."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ewds import EwdsSource
from ibf_pipeline.sources.ewds_service import EwdsService, Progress, Queue
from ibf_pipeline.sources.ewds_versions import check_not_superseded
from tests.worlds.countries.forecast_files import ISSUE, MEMBERS, areas, require_whole
from tests.worlds.services.ewds import DATASET, KEY, Service, running, widget

Make = Callable[..., EwdsSource]


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def fifty_of_a_small_ensemble(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in's ensemble has 5 perturbed members."""
    from ibf_pipeline.sources import ewds_request

    monkeypatch.setattr(
        ewds_request, "MEMBERS_OF", {"control_forecast": 1, "ensemble_perturbed_forecasts": MEMBERS - 1}
    )


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as about:
        yield about


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(service: Service, clock: Clock, tmp_path: Path) -> Make:
    def source(country: str = "AAA", key: str = KEY, url: str | None = None, **more: object) -> EwdsSource:
        retry_policy = RetryPolicy(5, 3, clock.sleep, clock=lambda: clock.now)
        client = EwdsService(url or service.url, DATASET, lambda: key, retry_policy, Queue(0.01, 600, 30))
        return EwdsSource("ewds", client, InputCache(tmp_path / "cache"), country, areas()[country], None, 8, **more)  # type: ignore[arg-type]

    return source


def test_control_and_perturbed_members_of_the_stations_area(make: Make, service: Service) -> None:
    files = make().fetch(ISSUE)
    require_whole(files, "AAA")
    (order,) = service.orders
    assert order == {
        "system_version": ["operational"], "hydrological_model": ["lisflood"],
        "product_type": ["control_forecast", "ensemble_perturbed_forecasts"],
        "variable": ["river_discharge_in_the_last_24_hours"],
        "year": ["2026"], "month": ["02"], "day": ["15"],
        "leadtime_hour": ["24", "48", "72", "96", "120", "144", "168", "192"],
        "data_format": "grib2", "download_format": "unarchived",
        # A1 is in row 10 and column 10, A2 in row 14 and column 20, of cells of 0.05 from 6 N 30 E; 2 cells around them
        "area": [5.6, 30.4, 5.15, 31.15],
    }  # fmt: skip


def test_what_is_there_is_not_ordered_again_unless_a_person_asks_for_it(make: Make, service: Service) -> None:
    make().fetch(ISSUE)
    service.asked.clear()
    require_whole(make().fetch(ISSUE), "AAA")
    assert not service.asked
    make().forget(ISSUE)
    require_whole(make().fetch(ISSUE), "AAA")
    assert len(service.orders) == 2


def test_what_was_there_before_a_person_asked_anew_is_used_while_nothing_can_be_ordered(
    make: Make, service: Service
) -> None:
    make().fetch(ISSUE)
    make().forget(ISSUE)
    service.licences = False
    files = make().fetch(ISSUE)
    require_whole(files, "AAA")
    assert files.origin["corrected"].startswith(
        "the day was to be ordered again; what was fetched before is used: the order was refused: 403 required licences"
    )
    service.licences = True
    service.missing_members = (2,)
    files = make().fetch(ISSUE)
    require_whole(files, "AAA", [0, 1, 3, 4, 5])
    assert "corrected" not in files.origin, "what the service has now, as was asked for"
    assert len(service.orders) == 2


def test_the_origin_tells_request_order_and_hash_and_no_secret(make: Make, tmp_path: Path) -> None:
    import hashlib

    files = make().fetch(ISSUE)
    (record,) = files.origin["delivered"].values()
    assert record["sha256"] == hashlib.sha256(files.files[0].read_bytes()).hexdigest()
    assert record["stamp"] == "orders job-1"
    written = "".join(file.read_text() for file in (tmp_path / "cache").rglob("*.json"))
    assert KEY not in written + str(files.origin)
    assert "very-secret" not in written + str(files.origin)


def test_a_slow_queue_shows_its_states(
    make: Make, service: Service, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    service.looks = 9
    seen: list[str] = []
    wait = EwdsService.wait

    def watched(self: EwdsService, order: str, progress: Progress) -> None:
        def told(state: str, seconds: float) -> None:
            seen.append(state)
            progress(state, seconds)

        wait(self, order, told)

    monkeypatch.setattr(EwdsService, "wait", watched)
    make().fetch(ISSUE)
    assert seen == ["accepted"] * 4 + ["running"] * 5 + ["successful"]
    assert clock.slept[:4] == [1.0, 1.5, 2.25, 3.375]
    assert max(clock.slept) <= 30
    lines = [record.getMessage() for record in caplog.records if "order job-1 is" in record.getMessage()]
    assert [line.split(" after")[0] for line in lines] == [
        "ewds: order job-1 is accepted", "ewds: order job-1 is running", "ewds: order job-1 is successful",
    ]  # fmt: skip
    assert "very-secret" not in caplog.text
    assert KEY not in caplog.text


def test_the_size_is_estimated_and_said(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """6 members x 8 days = 48 fields of 9 x 15 cells."""
    caplog.set_level(logging.INFO)
    files = make().fetch(ISSUE)
    assert "2026-02-15 for AAA: 48 fields of 135 cells, about 0 MB, 1 order" in caplog.text
    from ibf_pipeline.sources.ewds_request import estimated_bytes, glofas_request
    from ibf_pipeline.sources.lat_lon_box import LatLonBox

    small = areas()["AAA"]
    assert estimated_bytes(glofas_request(ISSUE, small, 8, {}), small) >= files.files[0].stat().st_size
    kenya = LatLonBox(5.4, 33.9, -4.7, 41.95)
    whole = estimated_bytes(glofas_request(ISSUE, kenya, 8, {}), kenya) * 51 / MEMBERS
    assert 20e6 < whole < 60e6


def test_an_order_that_waits_too_long_goes_on_in_the_next_run(make: Make, service: Service) -> None:
    service.looks = 10**6
    with pytest.raises(ServerUnreachable, match=r"still (accepted|running) after (9|10) minutes"):
        make().fetch(ISSUE)
    service.looks = 0
    require_whole(make().fetch(ISSUE), "AAA")
    assert len(service.orders) == 1


def test_an_order_that_the_service_has_forgotten_is_placed_again(make: Make, service: Service) -> None:
    service.looks = 10**6
    with pytest.raises(ServerUnreachable):
        make().fetch(ISSUE)
    service.looks = 0
    service.orders.clear()
    require_whole(make().fetch(ISSUE), "AAA")
    assert len(service.orders) == 1


def test_a_failed_order(make: Make, service: Service) -> None:
    service.failure = "the adaptor died"
    with pytest.raises(ServerRefused, match=r"order job-1 failed: .*the adaptor died"):
        make().fetch(ISSUE)
    service.failure = None
    require_whole(make().fetch(ISSUE), "AAA")
    assert len(service.orders) == 2, "a failed order is not waited for again"


EMBARGO = (
    "None of the data you have requested is available yet, please revise the period requested. "
    "The latest date available for this dataset is: 2026-02-14 00:00"
)


@pytest.mark.parametrize("said", ["MARS returned no data", EMBARGO, EMBARGO.split(". ")[0], EMBARGO.split(". ")[1]])
def test_an_order_that_fails_because_the_run_is_not_there_yet(make: Make, service: Service, said: str) -> None:
    service.failure = said
    with pytest.raises(InputMissing, match=said) as missing:
        make().fetch(ISSUE)
    assert missing.value.exit_code == 3


def test_an_order_that_is_refused_because_the_run_is_not_there_yet(make: Make, service: Service) -> None:
    """Where the constraints are ahead of the data, or are not looked at."""
    service.refusal = EMBARGO
    with pytest.raises(InputMissing, match=r"the order was refused: 400 .*is available yet") as missing:
        make(check=False).fetch(ISSUE)
    assert "when it has been published" in missing.value.remedy
    service.refusal = None
    require_whole(make(check=False).fetch(ISSUE), "AAA")


def test_a_day_that_the_service_does_not_offer_yet_and_then_does(make: Make, service: Service) -> None:
    service.days = ["14"]
    with pytest.raises(InputMissing, match="does not offer the run of 2026-02-15"):
        make().fetch(ISSUE)
    assert service.orders == []
    service.days.append("15")
    require_whole(make().fetch(ISSUE), "AAA")


NEW_NAME = "average_river_discharge_in_the_last_24_hours"


def renamed(service: Service, days: list[str]) -> None:
    """The form offers two names of the variable: the old one of another version, the new one of the current one."""
    (variable,) = (item for item in service.form if item["name"] == "variable")
    (version,) = (item for item in service.form if item["name"] == "system_version")
    variable["details"]["values"] = ["river_discharge_in_the_last_24_hours", NEW_NAME]
    version["details"]["groups"][1]["values"] = ["version_4_0"]
    same = {
        "product_type": ["control_forecast", "ensemble_perturbed_forecasts"], "year": ["2026"], "month": ["02"],
        "leadtime_hour": [str(24 * day) for day in range(1, 31)],
    }  # fmt: skip
    service.combinations = [
        {**same, "system_version": ["operational"], "variable": [NEW_NAME], "day": days},
        {**same, "system_version": ["version_4_0"], "variable": ["river_discharge_in_the_last_24_hours"], "day": days},
    ]


def test_a_value_that_was_renamed_for_the_current_system_is_no_day_to_wait_for(make: Make, service: Service) -> None:
    renamed(service, ["14", "15"])
    with pytest.raises(ServerRefused) as refused:
        make().fetch(ISSUE)
    assert refused.value.found == (
        "not to be had for 2026-02-15: system_version operational among version_4_0; "
        f"variable river_discharge_in_the_last_24_hours, did you mean '{NEW_NAME}'?"
    )
    assert service.orders == []
    require_whole(make(changes={"variable": [NEW_NAME]}).fetch(ISSUE), "AAA")


def test_a_day_that_is_not_there_yet_under_the_new_name_is_waited_for(make: Make, service: Service) -> None:
    renamed(service, ["14"])
    with pytest.raises(InputMissing, match="does not offer the run of 2026-02-15"):
        make(changes={"variable": [NEW_NAME]}).fetch(ISSUE)


def test_lead_times_that_the_run_does_not_have_are_named(make: Make, service: Service) -> None:
    (lead,) = (item for item in service.form if item["name"] == "leadtime_hour")
    service.combinations = [{"day": ["15"], "leadtime_hour": ["24", "48", "72", "96", "120", "144"]}]
    assert "192" in lead["details"]["values"]
    with pytest.raises(ServerRefused, match="not to be had for 2026-02-15: leadtime_hour 168, 192"):
        make().fetch(ISSUE)


def test_licences_that_are_not_accepted(make: Make, service: Service) -> None:
    service.licences = False
    with pytest.raises(ServerRefused, match="required licences not accepted") as refused:
        make().fetch(ISSUE)
    assert f"/datasets/{DATASET}?tab=download" in refused.value.remedy


def test_a_wrong_key(make: Make) -> None:
    with pytest.raises(ServerRefused, match="401 authentication failed") as refused:
        make(key="wr0ng-key").fetch(ISSUE)
    assert "wr0ng-key" not in str(refused.value)
    assert "environment variable" in refused.value.remedy


def test_too_many_requests_are_tried_again_and_then_said(make: Make, service: Service) -> None:
    service.too_many = 2
    require_whole(make(check=False).fetch(ISSUE), "AAA")
    service.too_many = 10**6
    with pytest.raises(ServerUnreachable, match="429 too many requests"):
        make("BBB", check=False).fetch(ISSUE)


def test_a_cut_download_goes_on(make: Make, service: Service) -> None:
    service.cut_after = 4000
    require_whole(make().fetch(ISSUE), "AAA")
    assert service.asked["download"] == 2


def test_a_service_that_cannot_be_reached(make: Make) -> None:
    with pytest.raises(ServerUnreachable):
        make(url="http://127.0.0.1:9/api").fetch(ISSUE)


def test_what_is_no_grib_is_not_kept(make: Make, service: Service, tmp_path: Path) -> None:
    service.damage = b"<html>bad gateway</html>"
    with pytest.raises(InputInvalid, match="does not begin with GRIB"):
        make().fetch(ISSUE)
    assert not list((tmp_path / "cache").rglob("*.grib2"))
    require_whole(make().fetch(ISSUE), "AAA")


@pytest.mark.parametrize("limit", [47, 8])
def test_an_order_above_the_accounts_limit_is_split(make: Make, service: Service, limit: int) -> None:
    """48 fields; the stand-in counts an ensemble of 50, so its limit is scaled to that."""
    require_whole(make(most_fields=limit).fetch(ISSUE), "AAA")
    fields = [
        len(order["leadtime_hour"]) * sum({"c": 1, "e": MEMBERS - 1}[kind[0]] for kind in order["product_type"])
        for order in service.orders
    ]
    assert sum(fields) == 48
    assert max(fields) <= max(limit, MEMBERS - 1)
    assert len(service.orders) >= 2


def test_the_services_own_limit_splits_too(make: Make, service: Service) -> None:
    service.limit = 204  # half of the 408 that the order costs there
    require_whole(make().fetch(ISSUE), "AAA")
    assert len(service.orders) == 3  # control; half of the perturbed members' days; the other half


def test_an_incomplete_ensemble_is_ordered_again_and_else_used(
    make: Make, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.missing_members = (2, 4)
    require_whole(make().fetch(ISSUE), "AAA", [0, 1, 3, 5])
    service.missing_members = ()
    require_whole(make(again_seconds=1800).fetch(ISSUE), "AAA", [0, 1, 3, 5])
    assert len(service.orders) == 1, "a sensor that looks every few minutes places no order each time"
    service.licences = False  # nothing can be ordered any more
    require_whole(make(again_seconds=0).fetch(ISSUE), "AAA", [0, 1, 3, 5])
    assert "going on with the 32 fields fetched before" in caplog.text
    service.licences = True
    half_an_hour_later = time.time() + 1801
    require_whole(make(now=lambda: half_an_hour_later).fetch(ISSUE), "AAA")
    assert len(service.orders) == 2


def test_a_renamed_key_is_named_before_anything_is_ordered(make: Make, service: Service) -> None:
    (lead,) = (item for item in service.form if item["name"] == "leadtime_hour")
    lead["name"] = "lead_time_hour"
    with pytest.raises(ServerRefused) as refused:
        make().fetch(ISSUE)
    assert "the service knows no key 'leadtime_hour', did you mean 'lead_time_hour'?" in refused.value.found
    assert "the key 'lead_time_hour' is missing" in refused.value.found
    assert "`request:`" in refused.value.remedy
    assert service.orders == []


def test_a_renamed_variable_and_a_new_mandatory_key_are_set_in_the_settings(make: Make, service: Service) -> None:
    """As for the historical collection in 2026."""
    (variable,) = (item for item in service.form if item["name"] == "variable")
    variable["details"]["values"] = ["average_river_discharge_in_the_last_24_hours"]
    service.form.insert(4, widget("timespan", "time_mean"))
    with pytest.raises(ServerRefused) as refused:
        make().fetch(ISSUE)
    assert "did you mean 'average_river_discharge_in_the_last_24_hours'?" in refused.value.found
    assert "the key 'timespan' is missing (one of time_mean)" in refused.value.found
    changes = {"variable": ["average_river_discharge_in_the_last_24_hours"], "timespan": "time_mean"}
    require_whole(make(changes=changes).fetch(ISSUE), "AAA")
    assert service.orders[0]["timespan"] == "time_mean"


def test_the_day_version_5_goes_live_and_the_form_says_so(make: Make, service: Service) -> None:
    service.form[0]["details"] = {
        "groups": [{"values": ["version_5_0"]}, {"label": "Legacy versions", "values": ["operational"]}]
    }
    with pytest.raises(VersionRefused) as refused:
        make().fetch(ISSUE)
    assert refused.value.found == (
        "the service lists system_version 'operational' among its legacy versions, and version_5_0 as current"
    )
    assert service.orders == []
    require_whole(make(changes={"system_version": ["operational"]}).fetch(ISSUE), "AAA")


def test_the_day_version_5_goes_live_an_incomplete_ensemble_of_before_is_not_used(make: Make, service: Service) -> None:
    service.missing_members = (2, 4)
    require_whole(make().fetch(ISSUE), "AAA", [0, 1, 3, 5])
    service.form[0]["details"] = {
        "groups": [{"values": ["version_5_0"]}, {"label": "Legacy", "values": ["operational"]}]
    }
    with pytest.raises(VersionRefused, match="'operational' among its legacy versions"):
        make(again_seconds=0).fetch(ISSUE)


def test_the_day_version_4_is_listed_as_legacy_in_front_of_us(make: Make, service: Service) -> None:
    """One country's forecast arrives; then the form changes, and the next order is not placed."""
    require_whole(make("AAA", accepted_versions=("4",)).fetch(ISSUE), "AAA")
    service.form[0]["details"]["groups"][1]["values"] += ["version_4_0"]
    with pytest.raises(VersionRefused) as refused:
        make("BBB", accepted_versions=("4",)).fetch(ISSUE)
    assert (refused.value.found, refused.value.where, refused.value.expected) == (
        "the service lists version_4_0 among its legacy versions: the model in operation is a newer GloFAS",
        f"{service.url} ({DATASET})",
        "no version_4* there while the thresholds are of v4",
    )
    assert "system_version: [version_4_0]" in refused.value.remedy
    assert "`thresholds_version`" in refused.value.remedy
    assert len(service.orders) == 1
    require_whole(make("BBB", accepted_versions=("4", "5")).fetch(ISSUE), "BBB")


@pytest.mark.parametrize(
    ("ordered", "accepted", "details", "stops"),
    [
        (["operational"], ["4"], {"values": ["operational", "version_3_1"]}, False),
        (["operational"], ["4"], {"values": ["operational", "version_4_0", "version_3_1"]}, True),
        (["operational"], ["4.5"], {"groups": [{"label": "Current", "values": ["version_4_5"]}]}, False),
        (["operational"], ["4"], {"groups": [{"label": "LEGACY", "values": ["version_5_0"]}]}, True),
        (["version_4_0"], ["4"], {"groups": [{"label": "Legacy", "values": ["version_4_0"]}]}, False),
        (["operational"], [], {"groups": [{"label": "Legacy", "values": ["version_4_0"]}]}, False),
        (["operational"], ["4"], None, False),
    ],
)
def test_which_legacy_lists_stop_an_order(
    ordered: list[str], accepted: list[str], details: dict[str, Any] | None, stops: bool
) -> None:
    form = [
        {"name": "system_version", "details": details},
        {"name": "variable", "details": {"values": ["version_4_0"]}},
    ]
    with pytest.raises(VersionRefused) if stops else nullcontext():
        check_not_superseded({"system_version": ordered}, form, accepted, "the service")


def test_a_service_without_form_and_constraints_is_used_unchecked(
    make: Make, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    service.helps = False
    require_whole(make().fetch(ISSUE), "AAA")
    assert "goes unchecked" in caplog.text


def test_two_countries_have_an_order_each(make: Make, service: Service) -> None:
    require_whole(make("AAA").fetch(ISSUE), "AAA")
    require_whole(make("BBB").fetch(ISSUE), "BBB")
    assert [order["area"][0] for order in service.orders] == [5.6, 3.1]


def test_countries_wait_in_the_queue_side_by_side(make: Make, service: Service) -> None:
    import dataclasses
    from concurrent.futures import ThreadPoolExecutor

    service.together = 2
    sources = [make("AAA"), make("BBB")]
    for source in sources:
        source.service._retry_policy = dataclasses.replace(source.service._retry_policy, sleep=lambda seconds: None)
        source.service._queue = dataclasses.replace(source.service._queue, longest_seconds=1e9)
    with ThreadPoolExecutor(2) as pool:
        for source, files in zip(sources, pool.map(lambda source: source.fetch(ISSUE), sources), strict=True):
            require_whole(files, source.country)


def test_another_run_than_ordered_is_not_kept_and_ordered_again(make: Make, service: Service, tmp_path: Path) -> None:
    service.instead = {"day": ["14"]}
    with pytest.raises(InputInvalid, match="a field of the run of 20260214"):
        make().fetch(ISSUE)
    assert not list((tmp_path / "cache").rglob("*.grib2"))
    service.instead = {}
    require_whole(make().fetch(ISSUE), "AAA")


def test_a_field_that_is_delivered_twice_is_not_kept(make: Make, service: Service, tmp_path: Path) -> None:
    service.copies = 2
    with pytest.raises(InputInvalid, match="member 0 has two fields for the day that ends 2026-02-16T00h"):
        make().fetch(ISSUE)
    service.copies = 1
    require_whole(make().fetch(ISSUE), "AAA")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_result_that_the_service_has_no_longer_is_ordered_again(make: Make, service: Service, status: int) -> None:
    service.gone = {"job-1": status}
    with pytest.raises(ServerRefused, match=f"order job-1 could not be fetched.* answered {status}: ") as refused:
        make().fetch(ISSUE)
    assert "ordered again" in refused.value.remedy
    require_whole(make().fetch(ISSUE), "AAA")
    assert len(service.orders) == 2


def test_a_result_that_cannot_be_fetched_is_tried_twice_and_then_ordered_again(make: Make, service: Service) -> None:
    service.gone = {"job-1": 500}
    for _ in range(2):
        with pytest.raises(ServerUnreachable, match=r"order job-1 could not be fetched.*500"):
            make().fetch(ISSUE)
    require_whole(make().fetch(ISSUE), "AAA")
    assert len(service.orders) == 2


def test_a_fuller_ensemble_is_not_replaced_by_a_smaller_one(
    make: Make, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.missing_members = (5,)
    require_whole(make().fetch(ISSUE), "AAA", range(5))
    service.missing_members = (1, 2, 3, 5)
    require_whole(make(now=lambda: time.time() + 1801).fetch(ISSUE), "AAA", range(5))
    assert "16 fields were delivered; the 40 of before are kept" in caplog.text
    require_whole(make(now=lambda: time.time() + 60).fetch(ISSUE), "AAA", range(5))
    assert len(service.orders) == 2, "not at every look from then on"


def test_orders_that_fail_are_not_placed_at_every_look(make: Make, service: Service) -> None:
    """14:30 to 20:00, every five minutes: two at once, then one every half an hour."""
    service.failure = "MARS internal error"
    begin = time.time()
    for look in range(67):
        with pytest.raises(ServerRefused, match="MARS internal error") as refused:
            make(check=False, now=lambda look=look: begin + 300 * look).fetch(ISSUE)
    assert "Your requests" in refused.value.remedy
    assert len(service.orders) == 2 + 10
    service.failure = None
    require_whole(make(now=lambda: begin + 300 * 72).fetch(ISSUE), "AAA")


def test_a_result_of_hours_ago_is_not_joined_with_one_of_now(make: Make, service: Service) -> None:
    """Two orders, of which the second one fails; the run may have been corrected since the first one."""
    service.failing = {"job-2"}
    with pytest.raises(ServerRefused, match="order job-2 failed"):
        make(most_fields=40).fetch(ISSUE)
    require_whole(make(most_fields=40, now=lambda: time.time() + 1700).fetch(ISSUE), "AAA")
    assert len(service.orders) == 3, "the control of half an hour ago is still good"
    service.failing = {"job-5"}
    with pytest.raises(ServerRefused, match="order job-5 failed"):
        make("BBB", most_fields=40).fetch(ISSUE)
    require_whole(make("BBB", most_fields=40, now=lambda: time.time() + 1900).fetch(ISSUE), "BBB")
    assert [order["product_type"] for order in service.orders[3:]] == [
        ["control_forecast"], ["ensemble_perturbed_forecasts"], ["control_forecast"], ["ensemble_perturbed_forecasts"],
    ]  # fmt: skip


def test_an_order_that_was_carried_out_hours_ago_is_not_joined_with_a_new_one(make: Make, service: Service) -> None:
    """The run that had placed it was killed before it could fetch the result."""
    service.together = 2
    source = make(most_fields=40)
    with pytest.raises(ServerUnreachable, match="order job-1 is still"):
        source.fetch(ISSUE)
    service.together = 1
    require_whole(make(most_fields=40, now=lambda: time.time() + 9000).fetch(ISSUE), "AAA")
    assert len(service.orders) == 3
