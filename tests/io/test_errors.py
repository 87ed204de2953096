"""The wall against libraries: their words become an error of ours."""

from __future__ import annotations

import pytest

from ibf_pipeline.errors import InputInvalid, InputMissing, errors_as


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("lat"), "cannot be read (KeyError: 'lat')"),
        (ValueError("two\n  lines"), "cannot be read (ValueError: two lines)"),
        (RecursionError(), "cannot be read (RecursionError: RecursionError)"),
        (ValueError("a {type} in {}"), "cannot be read (ValueError: a {type} in {})"),
    ],
)
def test_type_and_words_of_a_library_s_error(error: Exception, said: str) -> None:
    """On one line, and the type where there are no words."""
    with pytest.raises(InputInvalid) as found, errors_as(InputInvalid, "cannot be read ({type}: {})", where="a.json"):
        raise error
    assert (found.value.found, found.value.where) == (said, "a.json")


def test_errors_of_ours_pass_as_they_are() -> None:
    """They say more already."""
    with pytest.raises(InputMissing, match="no grid"), errors_as(InputInvalid, "cannot be read ({})"):
        raise InputMissing("no grid")
