"""Sections whose `kind` says what else stands in them: a table of models that others may add to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from ibf_pipeline.config.section import Section

KIND_PROBLEMS: Final = ("unknown_kind", "key_of_another_kind")
"""pydantic's types of errors about a kind itself, which no description of a key explains"""


@dataclass(frozen=True, slots=True)
class KindDiscriminator:
    """Marks a section that is one of several models. The table is looked at whenever a section is read, so a kind that
    is added later is known from then on.
    """

    models: Mapping[str, type[Section]]
    """kind -> the model of its section"""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        """How pydantic reads such a section."""
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What such a section may be, for the page of all keys."""
        choices = {kind: model.__pydantic_core_schema__ for kind, model in self.models.items()}
        return handler(core_schema.tagged_union_schema(choices, discriminator="kind"))

    def _read(self, section: Any) -> Section:
        if isinstance(section, Section):
            return section
        if not isinstance(section, Mapping):
            raise PydanticCustomError("section", "input should be a mapping of keys to values")
        if "kind" not in section:
            raise _refused(InitErrorDetails(type="missing", loc=("kind",), input=section))
        kind = section["kind"]
        if not isinstance(kind, str) or kind not in self.models:
            known = " or ".join(repr(known) for known in self.models)
            raise _refused(_problem("unknown_kind", f"input should be {known}", "kind", kind))
        foreign = list(self._foreign(section, kind))
        if foreign:
            raise _refused(*foreign)
        return self.models[kind].model_validate(section)

    def _foreign(self, section: Mapping[Any, Any], kind: str) -> Iterator[InitErrorDetails]:
        """Keys that only other kinds have."""
        for key in section:
            kinds = [known for known, model in self.models.items() if key in model.model_fields]
            if kinds and kind not in kinds:
                text = f"a key of kind {' or '.join(kinds)}, and this is of kind {kind}: leave it out, or correct kind"
                yield _problem("key_of_another_kind", text, key, section[key])


def _problem(name: Literal["unknown_kind", "key_of_another_kind"], text: str, key: Any, value: Any) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(name, "{text}", {"text": text}), loc=(key,), input=value)


def _refused(*problems: InitErrorDetails) -> ValidationError:
    return ValidationError.from_exception_data("section", list(problems))
