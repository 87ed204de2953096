"""The configuration of an installation: settings, countries and where they came from."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.country_file import CountryFile, read_country_file
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.hazards import MODELS
from ibf_pipeline.config.loader import named, read_required_section
from ibf_pipeline.config.section import SHARED_FILES
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.config.sources import SOURCE_KINDS
from ibf_pipeline.config.targets import TargetSettings
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.sql_address import with_password
from ibf_pipeline.storage.storage import Storage

_Model = TypeVar("_Model", bound=CountryHazard)


class Configuration:
    """Settings, countries and where they came from."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.root = folder.resolve().parent
        self.settings = settings

    def path(self, text: str) -> Path:
        """A path of the configuration, absolute; `${NAME}` and `${NAME:-default}` come from the environment.

        ConfigError if it is a URL.
        """
        place = _expand(text)
        if "://" in place:
            raise ConfigError(
                f"{text} is {place.partition('://')[0]}://..., a URL",
                where=self.folder,
                expected="a folder of this machine",
                remedy=SHARED_FILES,
            )
        path = Path(os.path.expanduser(place))
        return path if path.is_absolute() else self.root / path

    @property
    def records(self) -> str | None:
        """The URL of the records, with the password of a server; None if they lie in the folder of the runs."""
        url = _expand(self.settings.records) if self.settings.records else ""
        file = url.removeprefix("sqlite:///")
        if file != url and not file.startswith("/"):
            return f"sqlite:///{self.root / file}"
        return with_password(url, os.environ.get(self.settings.records_password_variable)) or None

    @cached_property
    def storage(self) -> Storage:
        """Records and store of the installation; ConfigError for a store that cannot be one."""
        settings = self.settings.store
        if settings is None:
            return Storage(self.records)
        retry_policy = RetryPolicy(keep_trying_seconds=settings.keep_trying_seconds)
        return Storage(self.records, FileStore(_expand(settings.url), retry_policy, settings.endpoint_url))

    def country_codes(self, hazard: str | None = None) -> list[str]:
        """ISO3 codes that have a file, in alphabetical order.

        Of a hazard: those that have it, and those whose file is too wrong to tell, so that none is lost in silence.
        """
        codes = sorted(file.stem for file in (self.folder / "countries").glob("*.yaml"))
        return codes if hazard is None else [iso3 for iso3 in codes if self._may_have(iso3, hazard)]

    def hazards(self, iso3: str) -> tuple[str, ...]:
        """The hazards that are configured of a country, in the order of its file; ConfigError if there is none."""
        return self._country_file(iso3).hazards

    def country(self, iso3: str, hazard: str | None = None) -> CountryHazard:
        """The validated configuration of one country for one hazard; floods, or the only one of the country, if none
        is named.

        ConfigError if it is wrong; UsageError if the country does not have the hazard, or has several others.
        """
        file = self._country_file(iso3)
        chosen = file.usual_hazard() if hazard is None else hazard
        file.require(chosen)
        return self._fitting(file.read(MODELS[chosen]), file.file)

    def country_of(self, iso3: str, model: type[_Model]) -> _Model:
        """The same for the hazard of a model, for code that reads the keys which only that hazard has."""
        file = self._country_file(iso3)
        return self._fitting(file.read(model), file.file)

    def _may_have(self, iso3: str, hazard: str) -> bool:
        try:
            return hazard in self.hazards(iso3)
        except ConfigError:
            return True

    def _country_file(self, iso3: str) -> CountryFile:
        file = self.folder / "countries" / f"{iso3}.yaml"
        configured = self.country_codes()
        if iso3 in configured and not re.fullmatch(r"[A-Z]{3}", iso3):
            raise ConfigError(
                f"{iso3!r} is not a country code",
                where=file,
                expected="files named after ISO 3166 alpha-3 codes in capitals, e.g. KEN.yaml",
                remedy="rename the file, or move it out of countries/",
            )
        if not re.fullmatch(r"[A-Z]{3}", iso3) or not file.is_file():
            meant = iso3.strip().upper()
            if meant in configured:
                remedy = f"write {meant}"
            elif re.fullmatch(r"[A-Z]{3}", meant):
                remedy = f"write {meant}.yaml, for example with `ibf-pipeline new-country`"
            else:
                remedy = "name the country alone, by its ISO 3166 alpha-3 code"
            raise ConfigError(
                f"there is no country {iso3!r}",
                where=file,
                expected="one of " + (", ".join(configured) or "no country is configured yet"),
                remedy=remedy,
            )
        return read_country_file(file)

    def _fitting(self, country: _Model, file: Path) -> _Model:
        """A country whose name is the file's, and whose sources and targets are in the settings and give enough."""
        if country.iso3 != file.stem:
            raise ConfigError(
                f"iso3 is {country.iso3}", where=file, expected=file.stem, remedy="name the file after the country"
            )
        portals = [country.static_sources.portal] if country.static_sources.portal else []
        for kind, names, known in (
            ("source", country.sources, self.settings.sources),
            ("target", (country.target, *portals), self.settings.targets),
        ):
            for name in names:
                named(kind, name, known, file, f"add it under {kind}s in settings.yaml, or choose another")
        self._require_served(country, file)
        self._require_lead_times(country, file)
        return country

    def _require_served(self, country: CountryHazard, file: Path) -> None:
        """ConfigError if a source is of other hazards; one that no kind of source is of takes any."""
        if not any(country.hazard in kind.hazards for kind in SOURCE_KINDS.values()):
            return
        for name in country.sources:
            serves = self.settings.sources[name].hazards
            if country.hazard not in serves:
                fitting = [other for other, about in self.settings.sources.items() if country.hazard in about.hazards]
                raise ConfigError(
                    f"source {name} is of {' and '.join(serves)}, and hazards.{country.hazard} lists it",
                    where=file,
                    expected=f"sources of {country.hazard}: " + (", ".join(fitting) or "settings.yaml has none yet"),
                    remedy=f"write `sources` in the section hazards.{country.hazard} with those of this hazard alone",
                )

    def _require_lead_times(self, country: CountryHazard, file: Path) -> None:
        """ConfigError if a source says that it gives fewer lead times than the country looks at."""
        for name in country.sources:
            source = self.settings.sources[name]
            given = source.lead_times_given
            if given is not None and given < country.lead_times_needed:
                raise ConfigError(
                    f"source {name} gives {given} lead times, 0-day to {given - 1}-day, and horizon is "
                    f"{country.lead_times_needed - 1}",
                    where=file,
                    expected=f"sources that give {country.lead_times_needed} lead times",
                    remedy=f"correct sources.{name}.{source.lead_times_key} in settings.yaml if it gives more, lower "
                    "horizon, or choose another source",
                )

    def target(self, name: str) -> TargetSettings:
        """A named target of the settings; ConfigError if there is none."""
        remedy = "add it under targets in settings.yaml, or choose another"
        return named("target", name, self.settings.targets, self.folder / "settings.yaml", remedy)

    def static_folder(self, country: CountryHazard) -> Path:
        """Where a country's static data lie on this machine."""
        if country.static and "://" in country.static:
            return self.path(self.settings.paths.inputs) / "static" / country.iso3
        return self.path(country.static) if country.static else self.path(self.settings.paths.static) / country.iso3

    def prepared_folder(self, iso3: str, hazard: str = FloodCountry.hazard) -> Path:
        """Where a country's prepared layers of a hazard lie; those of floods where they always have."""
        prepared = self.path(self.settings.paths.prepared)
        return prepared / iso3 if hazard == FloodCountry.hazard else prepared / hazard / iso3


def load(folder: Path) -> Configuration:
    """Read and validate `settings.yaml` in a configuration folder."""
    settings = read_required_section(
        Settings, folder / "settings.yaml", "a configuration folder", "run inside the project's folder or pass --config"
    )
    return Configuration(folder, settings)


def _expand(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        found = os.environ.get(name, default)
        if found is None:
            raise ConfigError(
                f"the environment variable {name} is not set",
                where=text,
                expected=f"a value for {name}",
                remedy=f"export {name}, or edit the path",
            )
        return found

    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", value, text)
