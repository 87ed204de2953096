"""The page of all configuration keys, made from the models that validate them, so that it cannot fall behind.

Write it with `python -m ibf_pipeline.check.configuration_page > docs/configuration.md`; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.hazards import MODELS
from ibf_pipeline.config.section import Section
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.satellites.hook.settings import HookSettings
from ibf_pipeline.satellites.subscriptions.settings import EodataSettings

FILES: Final[tuple[tuple[str, str, type[Section]], ...]] = (
    ("settings.yaml", "What is the same for every country.", Settings),
    (
        "countries/<ISO3>.yaml",
        "What differs from country to country. The file is named after the country.",
        CountryHazard,
    ),
    ("eodata.yaml", "Catalogue subscriptions; see [subscriptions.md](subscriptions.md). Optional.", EodataSettings),
    ("destine.yaml", "The DestinE Hook service; see [hook.md](hook.md). Optional.", HookSettings),
)

_HEAD: Final = """# Configuration

All keys of the files in `config/`. An unknown key, a wrong unit or an impossible combination is an error that names
file, key and remedy. Paths may use `${NAME}` and `${NAME:-default}` out of the environment. Secrets are never written
here: keys that end in `_variable` name the environment variable that holds one.

A key in a section is written with dots here: `trigger.lead_time_limit` is the key `lead_time_limit` below `trigger:`.
`<name>` is a name of your own choice (`<ftp>`: of an entry of that kind), `[]` an item of a list.
"""


_SHAPES: Final = """What is the same for all hazards of a country stands at the top of its file once, and what only
one hazard has in its section `hazards.<hazard>`:

```yaml
iso3: MWI
name: Malawi
admin_levels: [2, 3]
default_admin_level: 3
target: portal
sources: [glofas]
hazards:
  floods:
    default_admin_level: 2      # this hazard says otherwise
    trigger: {return_period: 5, probability: 0.60, lead_time_limit: 5}
    flood_maps: {return_periods: [10, 20, 50]}
    thresholds_version: "4"
```

A file of a country that has floods alone needs no section: their keys stand at the top, too. This is what
`ibf-pipeline new-country` writes.

```yaml
iso3: MWI
name: Malawi
admin_levels: [2, 3]
default_admin_level: 2
target: portal
sources: [glofas]
trigger: {return_period: 5, probability: 0.60, lead_time_limit: 5}
flood_maps: {return_periods: [10, 20, 50]}
thresholds_version: "4"
```

The keys of floods stand in one of the two places, never in both. Where a country has several hazards, commands are told
which one is meant with `--hazard`.

### Common keys

The same for all hazards, unless a hazard's section says otherwise: a key there replaces the common one as a whole,
but `job_variables` are laid over the common ones one by one. `iso3`, `name` and `static` stand at the top alone.
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: dotted name, kind of value, default as YAML (empty: it must be given), meaning."""

    name: str
    kind: str
    default: str
    meaning: str


def keys_of(model: type[Section]) -> list[Key]:
    """All keys of a configuration file, sections first where they stand."""
    schema = model.model_json_schema()
    return list(_keys("", schema, schema.get("$defs", {})))


def configuration_markdown() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD]
    for file, purpose, model in FILES:
        shapes = [_SHAPES] if model is CountryHazard else []
        parts += [f"## `{file}`\n\n{purpose}\n", *shapes, _table(keys_of(model))]
        if model is CountryHazard:
            parts += [part for hazard in MODELS for part in _hazard(hazard)]
    return "\n".join(parts)


def own_keys_of(model: type[CountryHazard]) -> list[Key]:
    """The keys of a hazard that are not common to all."""
    return [key for key in keys_of(model) if key.name.split(".")[0].split("[")[0] not in CountryHazard.model_fields]


def _hazard(hazard: str) -> Iterator[str]:
    yield f"### `hazards.{hazard}`\n\nWhat only {hazard} have, beside the common keys.\n"
    yield _table(own_keys_of(MODELS[hazard]))


def _table(keys: list[Key]) -> str:
    rows = "\n".join(_row(key) for key in keys)
    return f"| key | value | default | meaning |\n|---|---|---|---|\n{rows}\n"


def _row(key: Key) -> str:
    cells = (f"`{key.name}`", key.kind, f"`{key.default}`" if key.default else "", key.meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _keys(prefix: str, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[Key]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        place = prefix + name
        meaning = field.get("description", "what makes it an entry of this kind" if "const" in field else "")
        default = "" if name in required else _default(field.get("default"))
        sections = list(_sections(place, field, definitions))
        kind = _kind(field, definitions)
        if kind or not sections:
            yield Key(place, kind or "section", default, meaning)
        for below, section in sections:
            yield from _keys(below + ".", section, definitions)


def _sections(place: str, field: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sections that a field holds, itself, by name or in a list, each with its place."""
    if "$ref" in field:
        definition = definitions[field["$ref"].rsplit("/", 1)[-1]]
        if "properties" in definition:
            yield place, definition
    kinds = {ref: kind for kind, ref in field.get("discriminator", {}).get("mapping", {}).items()}
    for option in (*field.get("anyOf", ()), *field.get("oneOf", ()), *field.get("allOf", ())):
        kind = kinds.get(option.get("$ref"))
        yield from _sections(place.replace("<name>", f"<{kind}>") if kind else place, option, definitions)
    for named in (field.get("additionalProperties"), *field.get("patternProperties", {}).values()):
        if isinstance(named, dict):
            yield from _sections(f"{place}.<name>", named, definitions)
    if isinstance(field.get("items"), dict):
        yield from _sections(f"{place}[]", field["items"], definitions)


def _kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The values that a field takes, in words; empty for a section."""
    if "$ref" in field:
        definition = definitions[field["$ref"].rsplit("/", 1)[-1]]
        return "" if "properties" in definition else _kind(definition, definitions)
    options = [*field.get("anyOf", ()), *field.get("oneOf", ())]
    if options:
        kinds = [_kind(option, definitions) for option in options if option.get("type") != "null"]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind))
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    return _plain_kind(field, definitions)


def _plain_kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    kind = field.get("type")
    if kind in ("array", "object"):
        named = field.get("additionalProperties") or next(iter(field.get("patternProperties", {}).values()), None)
        inner: Any = field.get("items") or named or next(iter(field.get("prefixItems", ())), {})
        of = _kind(inner, definitions) if isinstance(inner, dict) else ""
        words = "list of" if kind == "array" else "by name:"
        return f"{words} {of}" if of else ""
    if kind in ("number", "integer"):
        return " ".join(["number" if kind == "number" else "whole number", *_limits(field)])
    return {"string": "text", "boolean": "`true` or `false`"}.get(str(kind), "")


def _limits(field: dict[str, Any]) -> list[str]:
    words = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    return [f"{sign} {field[key]:g}" for key, sign in words.items() if key in field]


def _default(value: Any) -> str:
    if value is None or value in ([], {}):
        return "none"
    return str(value) if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    print(configuration_markdown(), end="")
