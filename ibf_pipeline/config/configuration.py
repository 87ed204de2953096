"""The configuration of an installation: settings, countries and where they came from."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ibf_pipeline.config.country import Country
from ibf_pipeline.config.reading import named, read_part, read_section
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.config.targets import TargetSettings
from ibf_pipeline.errors import ConfigError


class Configuration:
    """Settings, countries and where they came from."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.root = folder.resolve().parent
        self.settings = settings

    def path(self, text: str) -> Path:
        """A path of the configuration, absolute; `${NAME}` and `${NAME:-default}` come from the environment."""
        path = Path(os.path.expanduser(_expand(text)))
        return path if path.is_absolute() else self.root / path

    @property
    def records(self) -> str | None:
        """The URL of the records; None where they lie in the folder of the runs."""
        url = _expand(self.settings.records) if self.settings.records else ""
        file = url.removeprefix("sqlite:///")
        if file != url and not file.startswith("/"):
            return f"sqlite:///{self.root / file}"
        return url or None

    def country_codes(self) -> list[str]:
        """ISO3 codes that have a file, in alphabetical order."""
        return sorted(file.stem for file in (self.folder / "countries").glob("*.yaml"))

    def country(self, iso3: str) -> Country:
        """The validated configuration of one country; ConfigError where there is none or it is wrong."""
        file = self.folder / "countries" / f"{iso3}.yaml"
        configured = self.country_codes()
        if iso3 in configured and not re.fullmatch(r"[A-Z]{3}", iso3):
            raise ConfigError(
                f"{iso3!r} is no country code",
                where=file,
                expected="files named after ISO 3166 alpha-3 codes in capitals, e.g. KEN.yaml",
                remedy="rename the file, or move it out of countries/",
            )
        if not re.fullmatch(r"[A-Z]{3}", iso3) or not file.is_file():
            meant = iso3.strip().upper() in configured
            raise ConfigError(
                f"there is no country {iso3!r}",
                where=file,
                expected="one of " + (", ".join(configured) or "no country is configured yet"),
                remedy=f"did you mean {iso3.strip().upper()}?"
                if meant
                else f"write {file.name}, for example with `ibf-pipeline new-country`",
            )
        country = read_section(Country, file)
        if country.iso3 != iso3:
            raise ConfigError(
                f"iso3 is {country.iso3}", where=file, expected=iso3, remedy="name the file after the country"
            )
        portals = [country.static_sources.portal] if country.static_sources.portal else []
        for kind, names, known in (
            ("source", country.sources, self.settings.sources),
            ("target", (country.target, *portals), self.settings.targets),
        ):
            for name in names:
                named(kind, name, known, file, f"add it under {kind}s in settings.yaml, or choose another")
        return country

    def target(self, name: str) -> TargetSettings:
        """A named target of the settings; ConfigError where there is none."""
        remedy = "add it under targets in settings.yaml, or choose another"
        return named("target", name, self.settings.targets, self.folder / "settings.yaml", remedy)

    def static_folder(self, country: Country) -> Path:
        """Where a country's static data lie on this machine."""
        if country.static and "://" in country.static:
            return self.path(self.settings.paths.inputs) / "static" / country.iso3
        return self.path(country.static) if country.static else self.path(self.settings.paths.static) / country.iso3

    def prepared_folder(self, iso3: str) -> Path:
        """Where a country's prepared layers lie."""
        return self.path(self.settings.paths.prepared) / iso3


def load(folder: Path) -> Configuration:
    """Read and validate `settings.yaml` in a configuration folder."""
    settings = read_part(
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
