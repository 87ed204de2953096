"""`countries/<ISO3>.yaml`, taken apart: what is the same for all hazards once, and one section a hazard.

A file without `hazards` is of floods alone, and so are keys of floods at the top of a file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.hazards import MODELS
from ibf_pipeline.config.job_variables import merge_job_variables
from ibf_pipeline.config.loader import known_keys, near_key, read_yaml, validated
from ibf_pipeline.errors import ConfigError, UsageError

_Model = TypeVar("_Model", bound=CountryHazard)

_SECTIONS: Final = "hazards"
"""the key that holds the sections"""
_OF_THE_COUNTRY: Final = ("iso3", "name", "static")
"""keys that no section may say otherwise: the static data of all hazards of a country lie in one place"""
_JOBS: Final = "job_variables"
_COMMON: Final = frozenset(CountryHazard.model_fields)


@dataclass(frozen=True, slots=True)
class HazardSection:
    """What a file says of one hazard alone."""

    keys: Mapping[str, Any]
    place: str
    """where they stand, as errors name it: `hazards.<hazard>.`; empty at the top of the file"""


@dataclass(frozen=True, slots=True)
class CountryFile:
    """A country's file, taken apart and not yet validated."""

    file: Path
    common: Mapping[str, Any]
    """the keys that all hazards have, as the top of the file says them"""
    sections: Mapping[str, HazardSection]
    """by hazard"""

    @property
    def hazards(self) -> tuple[str, ...]:
        """The hazards of the country, in the order of the file."""
        return tuple(self.sections)

    def usual_hazard(self) -> str:
        """The hazard that is meant if none is named: floods, which came first, else the only one of the country.

        UsageError if somebody must say which it is.
        """
        if FloodCountry.hazard in self.sections:
            return FloodCountry.hazard
        if len(self.sections) > 1:
            raise UsageError(
                f"{self.file.stem} has several hazards: {', '.join(self.hazards)}",
                where=self.file,
                expected="the name of one of them",
                remedy=f"say which one with --hazard, e.g. --hazard {self.hazards[0]}",
            )
        return self.hazards[0]

    def require(self, hazard: str) -> None:
        """UsageError if the country does not have this hazard."""
        if hazard not in self.sections:
            remedy = "choose another with --hazard"
            raise UsageError(
                f"{self.file.stem} has no hazard {hazard!r}",
                where=self.file,
                expected="one of " + ", ".join(self.hazards),
                remedy=f"{remedy}, or add the section {_SECTIONS}.{hazard}" if hazard in MODELS else remedy,
            )

    def read(self, model: type[_Model]) -> _Model:
        """The country for the hazard of a model: its section laid over the common keys, validated.

        ConfigError names file, key and remedy; UsageError if the country does not have the hazard.
        """
        self.require(model.hazard)
        section = self.sections[model.hazard]

        def place(key: str) -> str:
            return section.place if key in section.keys or key not in _COMMON else ""

        return validated(model, self._laid_over(section.keys), self.file, place, also=(_SECTIONS,))

    def _laid_over(self, section: Mapping[str, Any]) -> dict[str, Any]:
        """A hazard's keys over the common ones, each as a whole, but job variables one by one."""
        both = [keys[_JOBS] for keys in (self.common, section) if _JOBS in keys]
        jobs = (
            {_JOBS: merge_job_variables(*both)}
            if len(both) > 1 and all(isinstance(each, dict) for each in both)
            else {}
        )
        return {**self.common, **section, **jobs}


def read_country_file(file: Path) -> CountryFile:
    """A country's file; ConfigError if it is not YAML or its hazards cannot be distinguished."""
    content = read_yaml(file)
    common = {key: value for key, value in content.items() if key in _COMMON}
    top = {key: value for key, value in content.items() if key not in _COMMON and key != _SECTIONS}
    if _SECTIONS not in content:
        return CountryFile(file, common, {FloodCountry.hazard: HazardSection(top, "")})
    sections = _sections(content[_SECTIONS], file)
    of_floods = [key for key in top if key in FloodCountry.model_fields]
    _require_known(top, of_floods, sections, file)
    if of_floods and FloodCountry.hazard in sections:
        raise _wrong(
            file,
            f"floods are configured twice: by {_SECTIONS}.{FloodCountry.hazard} and by keys at the top of the file, "
            + ", ".join(of_floods),
            "the keys of floods in one place",
            f"move these keys below {_SECTIONS}.{FloodCountry.hazard}",
        )
    if of_floods:
        sections = {FloodCountry.hazard: HazardSection(top, ""), **sections}
    if not sections:
        raise _wrong(
            file,
            f"{_SECTIONS}: no hazard is configured",
            f"one section a hazard, of {', '.join(sorted(MODELS))}",
            f"write e.g. {_SECTIONS}.{FloodCountry.hazard} with what is configured for that hazard",
        )
    return CountryFile(file, common, sections)


def _sections(content: Any, file: Path) -> dict[str, HazardSection]:
    if not isinstance(content, dict):
        raise _no_section(file, _SECTIONS, content, "sections by name of the hazard")
    sections = {}
    for hazard, keys in content.items():
        place = f"{_SECTIONS}.{hazard}"
        if hazard not in MODELS:
            raise _wrong(
                file,
                f"{place}: unknown hazard{near_key(str(hazard), MODELS)}",
                "one of " + ", ".join(sorted(MODELS)),
                "name a hazard of this installation",
            )
        if not isinstance(keys, dict):
            raise _no_section(file, place, keys, "keys of the hazard, or `{}` for none")
        for key in _OF_THE_COUNTRY:
            if key in keys:
                raise _wrong(
                    file,
                    f"{place}.{key}: this key is the same for all hazards",
                    f"{key} at the top of the file alone",
                    "remove it from the section",
                )
        sections[str(hazard)] = HazardSection(keys, f"{place}.")
    return sections


def _require_known(
    top: Iterable[Any], of_floods: Collection[Any], sections: Mapping[str, HazardSection], file: Path
) -> None:
    """ConfigError for keys at the top that no hazard has there; it names the section in which one belongs."""
    unknown = [str(key) for key in top if key not in of_floods]
    if unknown:
        places = {
            key: f"{_SECTIONS}.{hazard}.{key}"
            for hazard in sections
            for key in MODELS[hazard].model_fields
            if key not in _COMMON
        }
        known = {*known_keys(FloodCountry), _SECTIONS, *places}
        raise _wrong(
            file,
            "; ".join(f"{key}: unknown key{near_key(key, sorted(known), places)}" for key in unknown),
            "known keys, each with a value of its kind and range",
            "correct " + ("this key" if len(unknown) == 1 else "these keys"),
        )


def _no_section(file: Path, place: str, found: object, expected: str) -> ConfigError:
    shown = "a list" if isinstance(found, list) else repr(found)
    return _wrong(file, f"{place}: this is not a section, found {shown}", expected, "write the keys below it, indented")


def _wrong(file: Path, found: str, expected: str, remedy: str) -> ConfigError:
    return ConfigError(found, where=file, expected=expected, remedy=remedy)
