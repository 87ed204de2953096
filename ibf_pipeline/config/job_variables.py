"""What a work pool needs to know of the jobs of runs: image, memory, environment. Names and sizes, never a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

_SECRET = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|ACCESS_?KEY|API_?KEY|AUTH_STRING|CONNECTION_(STRING|URL)|_KEY$"
)
_NAMES_A_PLACE = re.compile(r"(FILE|PATH|DIR|VARIABLE)S?$")
_BLOCK = re.compile(r"\{\{\s*prefect\.blocks\.[^{}]+\}\}")
_ACCOUNT_IN_ADDRESS = re.compile(r"[\w+.-]+://[^/\s@]*:[^/\s@]*@")


def _checked(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables as they are; ValueError names what cannot be one, or what would put a secret into a deployment."""
    for name, value in variables.items():
        if name == "env":
            if not isinstance(value, dict):
                raise ValueError("env: write the environment variables below it, a name and a value each")
            for variable, text in value.items():
                _require_variable(str(variable), text)
        _require_no_account(name, value)
    return variables


def _require_variable(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"env.{name}: the environment holds text: write the value in quotation marks")
    if _SECRET.search(name.upper()) and not _NAMES_A_PLACE.search(name.upper()) and not _BLOCK.fullmatch(value.strip()):
        raise ValueError(
            f"env.{name}: a secret would be readable in the deployment: name a block, "
            "{{ prefect.blocks.secret.<name> }}, or let the pool bring it from a secret of its own"
        )


def _require_no_account(place: str, value: object) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_no_account(f"{place}.{name}", inner)
    elif isinstance(value, list):
        for inner in value:
            _require_no_account(place, inner)
    elif isinstance(value, str):
        if _ACCOUNT_IN_ADDRESS.search(value):
            raise ValueError(f"{place}: an address with a password in it")
    elif not isinstance(value, bool | int | float):
        raise ValueError(f"{place}: text, a number, true, false, a list or names with values are expected")


_KINDS = {"anyOf": [{"type": kind} for kind in ("string", "number", "boolean")]}
JobVariables = Annotated[
    dict[str, Any], AfterValidator(_checked), WithJsonSchema({"type": "object", "additionalProperties": _KINDS})
]
"""by name, as the work pool's base job template has them"""


def merge_job_variables(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Job variables of which later ones replace earlier ones; what lies below `env` by its own names."""
    whole: dict[str, Any] = {}
    for part in parts:
        before, env = whole.get("env"), part.get("env")
        whole = {**whole, **part}
        if isinstance(before, dict) and isinstance(env, dict):
            whole["env"] = {**before, **env}
    return whole
