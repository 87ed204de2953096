"""From the configuration to subscription requests: filters from outlines, credentials from the environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.satellites.subscriptions.entity import EndpointAccount, SubscriptionRequest
from ibf_pipeline.satellites.subscriptions.filters import enclosing_polygon, product_filter
from ibf_pipeline.satellites.subscriptions.settings import EodataSettings, SubscriptionSettings
from ibf_pipeline.satellites.subscriptions.subscription_plan import DeclaredSubscription

_PREPARE: Final = "run `ibf-pipeline prepare` for the country"


def area_outlines(prepared: Path, level: int) -> dict[str, BaseGeometry]:
    """The areas of an admin level by place code, out of a country's prepared layers."""
    file = prepared / f"outlines_adm{level}.geojson"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {
            str(feature["properties"]["place_code"]): shapely.make_valid(shape(feature["geometry"]))
            for feature in content["features"]
        }
    except OSError:
        raise InputMissing("the country's outlines are not there", where=file, remedy=_PREPARE) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputInvalid("the country's outlines cannot be read", where=file, remedy=_PREPARE) from None


def country_outline(prepared: Path) -> BaseGeometry:
    """A country as one geometry: its areas of the highest level there is."""
    for level in range(1, 6):
        if (prepared / f"outlines_adm{level}.geojson").is_file():
            return shapely.union_all(list(area_outlines(prepared, level).values()))
    raise InputMissing("the country's outlines are not there", where=prepared, remedy=_PREPARE)


def boundaries_outline(folder: Path, level: int) -> BaseGeometry:
    """A country as one geometry, out of the boundaries of one level alone: no other of its files has to be there."""
    return shapely.union_all(list(read_boundaries(folder, [level], with_parent_file=False)[level].geometries))


def filter_of(declared: SubscriptionSettings, outline: Callable[[str], BaseGeometry]) -> str:
    """The product filter of a declaration; `outline`: of a country."""
    area = None
    if declared.country is not None:
        area = enclosing_polygon(outline(declared.country))
    elif declared.area is not None:
        area = shapely.box(*declared.area)
    return product_filter(declared.collection, declared.product_types, area, declared.filter)


def endpoint_account(name: str, declared: SubscriptionSettings, environment: Mapping[str, str]) -> EndpointAccount:
    """The receiver's credentials; ConfigError names the variables that are not set."""
    what, same = f"the receiver's account for subscription {name}", "export the same values as for the receiver"
    variables = (declared.username_variable, declared.password_variable)
    return EndpointAccount(*values_of(variables, environment, what, "eodata.yaml", same))


def declared_subscriptions(
    settings: EodataSettings, provider: str, outline: Callable[[str], BaseGeometry], environment: Mapping[str, str]
) -> list[DeclaredSubscription]:
    """What is declared for one provider, in the order of the file."""
    found = []
    for name, declared in settings.subscriptions.items():
        if declared.provider != provider:
            continue
        request = SubscriptionRequest(
            kind=declared.kind,
            filter=filter_of(declared, outline),
            events=declared.events,
            status=declared.status,
            endpoint=declared.endpoint,
            account=endpoint_account(name, declared, environment) if declared.kind == "push" else None,
            everything=declared.everything,
            stage_order=declared.stage_order,
        )
        found.append(DeclaredSubscription(name, request))
    return found
