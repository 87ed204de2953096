"""What a person is told to do about a database server that refuses."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from ibf_pipeline.io import postgres


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('FATAL:  database "nodb" does not exist', "create the database for this user"),
        ('FATAL:  password authentication failed for user "ibf"', "IBF_RECORDS_PASSWORD"),
        ("fe_sendauth: no password supplied", "IBF_RECORDS_PASSWORD"),
    ],
)
def test_a_refusal_is_told_with_its_own_remedy(said: str, told: str) -> None:
    refused = OperationalError("", {}, psycopg.OperationalError(f"connection failed: {said}"))
    assert told in postgres.remedy(refused, "make free disk space")
