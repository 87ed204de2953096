"""An address in any settings: https, or a host of this machine or a private network, and never with a password."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ibf_pipeline.config.loader import validated
from ibf_pipeline.config.sources import EwdsSection, ObjectStoreSection, OpenMeteoSection
from ibf_pipeline.config.static import StaticSources
from ibf_pipeline.config.targets import IbfTargetSettings
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.satellites.hook.settings import PrivateStorage
from ibf_pipeline.satellites.subscriptions.settings import Provider

FILE = Path("settings.yaml")
ACCOUNT = {"username_variable": "NAME", "password_variable": "PASSWORD", "events": ["created"]}
STORE = {"kind": "object-store"}
TAKERS: dict[str, Callable[[str], object]] = {
    "object store": lambda url: validated(ObjectStoreSection, {**STORE, "url": url}, FILE),
    "its endpoint": lambda url: validated(ObjectStoreSection, {**STORE, "url": "s3://b", "endpoint_url": url}, FILE),
    "ewds": lambda url: validated(EwdsSection, {"kind": "ewds", "url": url}, FILE),
    "open-meteo": lambda url: validated(OpenMeteoSection, {"kind": "open-meteo", "url": url}, FILE),
    "target": lambda url: validated(IbfTargetSettings, {"kind": "ibf", "url": url}, FILE),
    "static": lambda url: validated(StaticSources, {"population": url}, FILE),
    "catalogue": lambda url: validated(Provider, {**ACCOUNT, "base_url": url}, FILE),
    "tokens": lambda url: validated(Provider, {**ACCOUNT, "base_url": "https://a.example", "token_url": url}, FILE),
    "private storage": lambda url: validated(PrivateStorage, {"endpoint_url": url, "bucket": "bucket"}, FILE),
}
each_taker = pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)


@each_taker
def test_a_public_host_without_tls_is_refused(take: Callable[[str], object]) -> None:
    for host in ("data.example.org", "8.8.8.8:9000", "134744072"):
        with pytest.raises(ConfigError, match="is a public host without TLS"):
            take(f"http://{host}/a")


@each_taker
def test_private_networks_and_this_machine_go_without(take: Callable[[str], object]) -> None:
    for url in ("https://data.example.org/a", "http://10.0.0.5/a", "http://127.0.0.1:9000/a", "http://store:9000"):
        take(url)


@each_taker
def test_a_password_in_an_address_is_refused_and_not_shown(take: Callable[[str], object]) -> None:
    for url in ("https://me:canary@data.example.org/a", "http://me:canary@127.0.0.1/a"):
        with pytest.raises(ConfigError, match="a url with a password in it") as refused:
            take(url)
        assert "canary" not in str(refused.value)
