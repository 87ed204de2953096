"""Secrets are cut out in whatever spelling they come back."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote, quote_plus

import pytest

from ibf_pipeline.io.redaction import Redactor, is_secret_name, quiet_addresses

SECRET = 'pass "word" & more/ü'


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps({"password": SECRET}),
        json.dumps({"password": SECRET}, ensure_ascii=False),
        f"password={quote(SECRET, safe='')}&x=1",
        f"password={quote_plus(SECRET)}&x=1",
    ],
    ids=["plain", "json", "json as it is", "quoted", "form"],
)
def test_a_secret_in_every_spelling(text: str) -> None:
    clean = Redactor(SECRET)(text)
    assert "<hidden>" in clean
    assert not [part for part in ("word", "more") if part in clean.replace("password", "")]


def test_a_secret_within_another_leaves_no_rest() -> None:
    assert Redactor("abcd", "abcdef")("x abcdef y abcd") == "x <hidden> y <hidden>"


def test_very_short_secrets_cut_no_holes_into_words() -> None:
    assert Redactor("a", "")("a banana") == "a banana"


def test_signatures_and_bearers_go_unknown() -> None:
    text = "https://h/x?a=1&temp_url_sig=abc&X-Amz-Signature=d Bearer abc.def-x"
    assert Redactor()(text) == "https://h/x?a=1&temp_url_sig=<hidden>&X-Amz-Signature=<hidden> Bearer <hidden>"


def test_names_of_secrets() -> None:
    names = ("output_s3_secret_key", "NotificationEpPassword", "access_token", "output_storage", "tokenizer")
    assert [is_secret_name(name) for name in names] == [True, True, True, False, False]


def test_no_query_of_an_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quiet_addresses("a.library")
    logging.getLogger("a.library").debug('"GET %s HTTP/1.1" %s', "/x.zip?temp_url_sig=canary", 200)
    assert '"GET /x.zip?... HTTP/1.1" 200' in caplog.text
