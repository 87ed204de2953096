"""YAML to validated models: one error that names file, key and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

try:
    from yaml import CSafeLoader as _SafeLoader  # ten times as fast
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

from ibf_pipeline.config.discriminator import KIND_PROBLEMS, KindDiscriminator
from ibf_pipeline.config.section import Section
from ibf_pipeline.errors import ConfigError, errors_as

_Model = TypeVar("_Model", bound="Section")
_Part = TypeVar("_Part")

_PLAIN = {
    "dict_type": "keys with values below it are expected",
    "model_type": "keys with values below it are expected",
    "list_type": "a list is expected",
    "tuple_type": "a list is expected",
}
"""what pydantic calls dictionaries and tuples, in words of YAML"""
_DEEPEST = 100
"""Levels of keys and lists within each other; the deepest configuration has seven."""


def read_required_section(model: type[_Model], file: Path, expected: str, remedy: str) -> _Model:
    """A validated part of the configuration out of its own YAML file; ConfigError names file, key and remedy.

    `expected`, `remedy`: what the error says if the file is not there.
    """
    if not file.is_file():
        raise ConfigError(f"there is no {file.name}", where=file.parent, expected=expected, remedy=remedy)
    return validated(model, read_yaml(file), file)


def named(kind: str, name: str, known: Mapping[str, _Part], where: object, remedy: str = "") -> _Part:
    """The part of the configuration that has this name; ConfigError with the names there are."""
    if name not in known:
        raise ConfigError(
            f"there is no {kind} {name!r}",
            where=where,
            expected="one of " + (", ".join(sorted(known)) or "none is configured"),
            remedy=remedy,
        )
    return known[name]


class _UniqueKeyLoader(_SafeLoader):
    """YAML keeps the last of two equal keys without a word; here they are an error."""


def _unique_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int | float):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text or a number", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
        seen.add(key)
    return _SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def _refuse_deep(text: str) -> None:
    """Keys and lists within each other without end overflow the C parser's stack, which no caller could catch."""
    depth = 0
    for event in yaml.parse(text, Loader=_SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise yaml.YAMLError(f"more than {_DEEPEST} levels of keys and lists within each other")


def read_yaml(file: Path) -> dict[str, Any]:
    """The keys of a YAML file; ConfigError if it cannot be read or a key stands twice."""
    with errors_as(
        ConfigError,
        "this is not readable YAML: {}",
        where=file,
        expected="YAML in UTF-8",
        remedy="fix the line named",
    ):
        text = file.read_text(encoding="utf-8")
        _refuse_deep(text)
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506
    if not isinstance(content, dict):
        raise ConfigError(
            "the file holds no keys",
            where=file,
            expected="keys with their values, such as `name: Kenya`",
            remedy="write it from a copy of another file of its kind; `ibf-pipeline new-country` makes a country's",
        )
    return content


def validated(
    model: type[_Model],
    content: dict[str, Any],
    file: Path,
    place: Callable[[str], str] = lambda key: "",
    *,
    also: Sequence[str] = (),
) -> _Model:
    """A part of the configuration as its model; ConfigError names file, key and remedy.

    `place`: what stands before a key of the model in the file, such as `hazards.floods.`; of an empty key, where the
    whole stands. `also`: keys that the file has beside those of the model, to be suggested for misspelt ones.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem(model, item, place, also) for item in error.errors()]
        raise ConfigError(
            "; ".join(problems),
            where=file,
            expected="known keys, each with a value of its kind and range",
            remedy="correct " + ("this key" if len(problems) == 1 else "these keys"),
        ) from None


def near_key(key: str, known: Iterable[str], places: Mapping[str, str] | None = None) -> str:
    """`, did you mean 'trigger'?` for a misspelt key, or nothing. `places`: of known keys that stand elsewhere."""
    near = difflib.get_close_matches(key, list(known), n=1)
    return f", did you mean {(places or {}).get(near[0], near[0])!r}?" if near else ""


def _problem(model: type[Section], item: Any, place: Callable[[str], str], also: Sequence[str]) -> str:
    places = [str(part) for part in item["loc"] if not str(part).startswith(("dict[", "float", "constrained", "["))]
    key = (place(places[0] if places else "") + ".".join(places)).rstrip(".") or "file"
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{near_key(places[-1], [*known_keys(model), *also])}"
    if item["type"] == "missing":
        return f"{key}: this key is missing"
    message = _PLAIN.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")
    value = item.get("input")
    unfit = isinstance(value, dict | list | tuple | Section) or "@" in str(value)  # an address may hold a password
    shown = "" if unfit else f", found {value!r}"
    hint = "" if item["type"] in KIND_PROBLEMS else _description(model, item["loc"])
    return f"{key}: {message[:1].lower()}{message[1:]}{shown}" + (f" ({hint})" if hint else "")


def _sections(annotation: Any) -> list[type[Section]]:
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, KindDiscriminator):
            return list(mark.models.values())
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, Section) else []
    return [found for part in getattr(annotation, "__args__", ()) for found in _sections(part)]


def known_keys(model: type[Section]) -> list[str]:
    """The keys of a model and of the sections in it, without their places."""
    keys = list(model.model_fields)
    for field in model.model_fields.values():
        for section in _sections(field.annotation):
            keys += known_keys(section)
    return keys


def _description(model: type[Section], loc: tuple[Any, ...]) -> str:
    current: list[type[Section]] = [model]
    text = ""
    for part in loc:
        for section in current:
            field = section.model_fields.get(str(part))
            if field is not None:
                text = field.description or ""
                current = _sections(field.annotation)
                break
    return text
