"""The form that the UI draws of a deployment: choices, plain labels, no folders; and what the server takes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.schema_tools.validation import ValidationError, validate

from flows.deployment.forms import form_of
from flows.deployment.table import planned_deployments
from flows.wiring.day import open_configuration
from flows.wiring.hazards import valid_hazards
from tests.worlds.countries.projects import make_project


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """By deployment."""
    config = make_project(tmp_path_factory.mktemp("project"), ("XDM", "XDN"), stories={})
    file = Path(config) / "countries" / "XDN.yaml"
    file.write_text(file.read_text().replace("target: sandbox", "") + "\ntarget: files\n")
    configuration = open_configuration(config)
    planned = planned_deployments(configuration, config, None)
    return {item.full_name: form_of(item, configuration, valid_hazards(configuration)[0]) for item in planned}


def test_a_country_has_itself_and_the_targets_to_choose_from_its_own_first(forms: dict[str, dict[str, Any]]) -> None:
    fields = {iso3: forms[f"floods/{iso3}"]["properties"] for iso3 in ("XDM", "XDN")}
    assert [field["country"]["enum"] for field in fields.values()] == [["XDM"], ["XDN"]]
    targets = [(field["target"]["enum"], field["target"]["default"]) for field in fields.values()]
    assert targets == [(["sandbox", "files"], "sandbox"), (["files", "sandbox"], "files")]
    assert fields["XDM"]["issue_date"]["title"] == "Issue date (UTC)"
    assert [kind["title"] for kind in fields["XDM"]["issue_date"]["anyOf"]] == ["as usual", "a day"]


def test_what_is_for_all_countries_has_every_one_and_may_be_left_alone(forms: dict[str, dict[str, Any]]) -> None:
    fields = forms["all-countries/all-countries"]["properties"]
    usual, chosen = fields["countries"]["anyOf"]
    assert (usual["type"], chosen["items"]["enum"]) == ("null", ["XDM", "XDN"])
    assert sorted(fields["target"]["anyOf"][1]["enum"]) == ["files", "sandbox"]
    assert [kind["title"] for kind in fields["issue_date"]["anyOf"]] == ["as usual", "a day", "day and hour"]
    assert forms["backfill/backfill"]["properties"]["country"]["enum"] == ["XDM", "XDN"]


def test_no_folder_is_asked_for_and_every_label_is_plain(forms: dict[str, dict[str, Any]]) -> None:
    for name, form in forms.items():
        assert not {"config", "workspace"} & form["properties"].keys(), name
        labels = [field["title"] for field in form["properties"].values()]
        assert len(set(labels)) == len(labels), name
        assert not [label for label in labels if "_" in label or label != label[:1].upper() + label[1:]], name


def test_the_server_takes_what_runs_give_each_other_and_no_target_that_there_is_not(
    forms: dict[str, dict[str, Any]],
) -> None:
    country = {"country": "XDM", "config": "/app/config", "issue_date": "2026-02-15", "target": "files"}
    attempt = {"country": "XDO", "hazard": "floods", "target": None, "asked": country, "issue_time": "2026-02-15"}
    for name, given in (
        ("floods/XDM", country),
        ("floods/XDM", {"country": "XDM", "config": "/app/config", "notify": False}),
        ("all-countries/all-countries", {"issue_date": None, "countries": None, "target": None, "limit": None}),
        ("resume/resume", attempt),  # of a country that was added since
    ):
        validate(given, forms[name], raise_on_error=True)
    with pytest.raises(ValidationError, match="'portal' is not one of"):
        validate({**country, "target": "portal"}, forms["floods/XDM"], raise_on_error=True)
