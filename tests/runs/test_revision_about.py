"""What a revision was planned with: one flat object, of which a target reads its own keys."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.revision import RevisionMetadata, metadata_text, parse_metadata
from ibf_pipeline.targets.ibf.baseline import ServerBaseline, server_baseline

KEPT = """{
 "date": "2026-02-15T00:00:01Z", "target": "portal", "url": "http://portal/api", "capabilities": "current",
 "reason": "asked", "notify": true, "content": "5e0c", "hold_until": "2026-02-16T00:00:00Z", "withdraws": ["G2"],
 "left_out": [], "before": {"G1": "trigger"}, "stations": {"G1": "G0001"}, "issued_today": ["G1"],
 "unconfirmed": {"G3": "2026-02-14"}, "last_upload": "2026-02-14T00:00:01+00:00"
}"""
"""as revisions of an IBF server lie on disk and in the records"""


def test_the_flat_keys_of_a_revision_are_those_of_its_target_and_of_all() -> None:
    about = parse_metadata(KEPT, "here")
    assert (about.capabilities, about.hold_until, about.withdraws) == ("current", "2026-02-16T00:00:00Z", ("G2",))
    assert (about.left_out, about.unconfirmed) == ((), {"G3": "2026-02-14"})
    own = ServerBaseline({"G1": "trigger"}, {"G1": "G0001"}, ("G1",), "2026-02-14T00:00:01+00:00")
    assert server_baseline(about) == own
    assert json.loads(metadata_text(about)) == json.loads(KEPT), "and they are written as they were"


def test_what_an_older_version_did_not_keep() -> None:
    kept = {key: value for key, value in json.loads(KEPT).items() if key not in ("last_upload", "issued_today")}
    assert server_baseline(parse_metadata(json.dumps(kept), "here")) == ServerBaseline(
        {"G1": "trigger"}, {"G1": "G0001"}, (), None
    )


def test_a_target_keeps_what_it_likes_under_names_of_its_own() -> None:
    about = replace(parse_metadata(KEPT, "here"), of_target={"pins": [3, {"colour": "red"}], "shelf": None})
    assert parse_metadata(metadata_text(about), "here") == about
    with pytest.raises(ValueError, match="every revision has date, notify: a target's own keys need other names"):
        RevisionMetadata("d", "t", "u", "c", "r", True, "h", of_target={"notify": 1, "date": "x", "pins": 3})


@pytest.mark.parametrize("text", ["[]", "{", '{"date": "2026"}', KEPT.replace('"withdraws": ["G2"]', '"withdraws": 3')])
def test_damage(text: str) -> None:
    with pytest.raises(InputInvalid, match="what the revision was planned with cannot be read"):
        parse_metadata(text, "here")


def test_damage_of_the_targets_own_part() -> None:
    about = parse_metadata(KEPT.replace('{"G1": "trigger"}', "7"), "here")
    assert about.date == "2026-02-15T00:00:01Z", "what every target keeps is read all the same"
    with pytest.raises(InputInvalid, match="cannot be read"):
        server_baseline(about)
