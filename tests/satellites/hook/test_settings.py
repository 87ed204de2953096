"""`config/destine.yaml`: what it says is checked before anything is ordered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.redaction import Redactor, is_secret_name
from ibf_pipeline.satellites.hook.settings import load_hook_settings


def changed(folder: Path, change: dict[str, Any]) -> Path:
    content = yaml.safe_load(Path("config/destine.yaml").read_text(encoding="utf-8"))
    (folder / "destine.yaml").write_text(yaml.safe_dump({**content, **change}), encoding="utf-8")
    return folder


def test_the_projects_own_file_is_valid() -> None:
    settings = load_hook_settings(Path("config"))
    assert settings.services["dedl"].quota == (25, 1)
    assert settings.services["cdse"].quota == (25, 1)
    assert settings.polling.settle_seconds == 120


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"servce": "dedl"}, "servce: unknown key, did you mean 'service'"),
        ({"service": "nsis"}, "'nsis' is not among services"),
        ({"presets": {"lai": {"desp_source_password": "secret!"}}}, "a secret is given as env:NAME"),
        ({"outputs": {"private": {"output_s3_secret_key": "abc"}}}, "a secret is given as env:NAME"),
        ({"services": {"dedl": {"url": "https://u:p@h/odata/v1", "token": {"kind": "desp-user"}}}}, "url"),
        ({"services": {"dedl": {"url": "https://h/odata/v1", "token": {"kind": "password"}}}}, "token endpoint"),
        (
            {
                "services": {
                    "dedl": {"url": "https://h/o", "token": {"kind": "desp-user", "one_time_code_variable": "CODE"}}
                }
            },
            "desp-user takes no one_time_code_variable",
        ),
        (
            {"services": {"dedl": {"url": "https://h/o", "role": None, "token": {"kind": "desp-user"}}}},
            "items_per_month and parallel_items must be given",
        ),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_hook_settings(changed(tmp_path, change))
    assert "secret!" not in str(caught.value)


def test_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no destine\.yaml"):
        load_hook_settings(tmp_path)


def test_names_of_secrets() -> None:
    for name in ("desp_source_password", "output_s3_secret_key", "output_s3_access_key", "NotificationEpPassword",
                 "source_client_secret", "totp"):  # fmt: skip
        assert is_secret_name(name)
    for name in ("source_token_url", "desp_source_username", "output_s3_path", "source_auth_header_name"):
        assert not is_secret_name(name)


def test_redaction_of_links_headers_and_known_secrets() -> None:
    clean = Redactor("pa ss/wörd")
    text = clean(
        "https://h/x?a=1&temp_url_sig=abc&temp_url_expires=9 Bearer abc.def-x pa ss/wörd pa%20ss%2Fw%C3%B6rd end"
    )
    assert text == (
        "https://h/x?a=1&temp_url_sig=<hidden>&temp_url_expires=<hidden> Bearer <hidden> <hidden> <hidden> end"
    )
    assert repr(clean) == "Redactor()"
