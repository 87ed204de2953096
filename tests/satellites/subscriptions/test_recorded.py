"""The documents' own samples through the readers, the client's bodies and the settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.satellites.odata import odata_timestamp, read_timestamp
from ibf_pipeline.satellites.subscriptions.entity import (
    EndpointAccount,
    SubscriptionChange,
    SubscriptionRequest,
    read_events,
    read_subscription,
)
from ibf_pipeline.satellites.subscriptions.notification import read_notification, read_product

RECORDED = {
    name: json.loads((Path(__file__).parent / "recorded" / f"{name}.json").read_text(encoding="utf-8"))["samples"]
    for name in ("creodias", "nsis")
}


def sample(document: str, name: str) -> dict:
    return json.loads(RECORDED[document][name])


def test_exactly_two_samples_are_no_json_as_printed():
    broken = []
    for document, samples in RECORDED.items():
        for name, text in samples.items():
            try:
                json.loads(text)
            except ValueError:
                broken.append(f"{document}: {name}")
    assert broken == ["nsis: create reply for two events", "nsis: edit"]
    assert sum(len(samples) for samples in RECORDED.values()) == 15


@pytest.mark.parametrize("document", ["creodias", "nsis"])
def test_our_body_is_the_documents_body(document):
    printed = sample(document, "create")
    request = SubscriptionRequest(
        "push",
        printed["FilterParam"],
        endpoint="https://example.com:8000/",
        account=EndpointAccount("receiver-name", "Receiver-Passw0rd"),
    )
    assert request.body() == printed


def test_two_events_are_one_string_in_a_body_and_two_in_a_reply():
    printed = sample("nsis", "create for two events")
    assert (
        SubscriptionRequest("pull", "x", ("created", "modified")).body()["SubscriptionEvent"]
        == (printed["SubscriptionEvent"])
    )
    assert read_events(["created, modified"]) == read_events(["created", "modified"]) == ("created", "modified")


def test_the_edit_body_holds_only_what_changes():
    change = SubscriptionChange(
        endpoint="https://example.org", account=EndpointAccount("x", "Other-Receiver-Passw0rd")
    ).body()
    printed = sample("creodias", "edit")
    assert {key: change[key] for key in printed} == printed


def test_info_of_creodias():
    first, second = map(read_subscription, sample("creodias", "info"))
    assert (first.kind, first.status, first.filter) == ("push", "running", "")
    assert first.last_notified == datetime(2025, 6, 17, 9, 30, 49, 959000, UTC)
    assert (second.kind, second.status, second.last_notified) == ("pull", "paused", None)


def test_info_of_nsis():
    first, second = map(read_subscription, sample("nsis", "info"))
    assert (first.kind, first.status, first.events) == ("push", "paused", ("created",))
    assert (second.kind, second.status, second.events) == ("pull", "running", ("created", "modified"))


def test_a_reply_without_id_is_no_subscription():
    with pytest.raises(InputInvalid, match="without an Id"):
        read_subscription(sample("creodias", "create reply"))
    assert read_subscription(sample("nsis", "create reply")).id == "0b5aaa72-922f-4b69-ad7f-1ccebc3e824e"


def test_the_notification_of_creodias():
    content = sample("creodias", "notification")
    item = read_notification(content)
    assert (item.event, item.subscription_id[:8], item.product_id[:8]) == ("created", "05d02462", "0dd083d4")
    product = item.product
    assert product is not None
    assert product.complete
    assert product.product_type == "S3_GRDH_1S-COG"
    assert product.acquired == datetime(2023, 8, 1, 15, 29, 12, 689000, UTC)
    assert product.footprint.bounds == (42.773415, -12.177707, 43.756836, -10.859819)
    assert len(content["Value"]) == 18
    assert len(content["Value"]["Attributes"]) == 25
    assert product.content["EvictionDate"] == ""
    lower = {("value" if key == "Value" else key): value for key, value in content.items()}
    assert read_notification(lower).product == product


def test_the_footprint_text_stands_in_for_the_geojson():
    content = sample("creodias", "notification")["Value"]
    both, text = read_product(content), read_product({**content, "GeoFootprint": None})
    assert text.footprint.equals(both.footprint)
    assert read_product({**content, "GeoFootprint": None, "Footprint": ""}).footprint is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-18T09:47:34.2672", "2024-01-18T09:47:34.267Z"),
        ("2023-08-01T16:43:32.478663+00:00", "2023-08-01T16:43:32.478Z"),
        ("2023-08-01T18:43:32+02:00", "2023-08-01T16:43:32.000Z"),
        ("2023-08-01T16:43:32.123456789Z", "2023-08-01T16:43:32.123Z"),
    ],
)
def test_times_of_every_form(text, expected):
    assert odata_timestamp(read_timestamp(text)) == expected


@pytest.mark.parametrize("text", ["", None, "soon", "2023-13-01T00:00:00Z", 5, "0001-01-01T00:00:00+14:00"])
def test_no_time(text):
    assert read_timestamp(text) is None


@pytest.mark.parametrize(
    "content",
    [None, [], "x", {}, {"ProductId": "abc"}, {"SubscriptionId": 5, "ProductId": "0dd083d4"}],
    ids=str,
)
def test_what_is_no_notification(content):
    with pytest.raises(InputInvalid):
        read_notification(content)
