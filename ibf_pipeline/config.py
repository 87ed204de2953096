"""The configuration: one validated model, read from `settings.yaml` and `countries/<ISO3>.yaml`."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from ibf_pipeline.config_section import GlofasVersion, Section
from ibf_pipeline.config_sources import Inputs, SourceSettings
from ibf_pipeline.config_static import StaticSources
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.forecast.rule import LEAD_TIMES, ClassLimit, FloodRule, exact

Model = TypeVar("Model", bound="Section")
ClassName = Literal["min", "med", "max"]


def _below_static(value: str) -> str:
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError(f"{value!r} is no file below the country's static data: put it there and write e.g. water.tif")
    return str(path)


StaticFile = Annotated[str, AfterValidator(_below_static)]
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Probability = Annotated[
    float, Field(gt=0, le=1, strict=True, description="a share of the members, 0..1: write 0.60 for 60 %")
]
ReturnPeriod = Annotated[float, Field(ge=1, le=10_000, strict=True, description="years")]
LeadTime = Annotated[int, Field(ge=LEAD_TIMES[0], le=LEAD_TIMES[-1], description="whole days, 0..7", strict=True)]


class Classes(Section):
    """How a station's alert class follows from its probabilities (design section 5, rule 1)."""

    rule: Literal["return-period", "probability", "disable"] = Field(
        "disable",
        description="return-period: one probability, a return period a class; probability: the other "
        "way round; disable: triggers only, no warnings",
    )
    return_period: ReturnPeriod | dict[ClassName, ReturnPeriod] | None = Field(
        None, description="years; with `return-period` one for each class that the country uses"
    )
    probability: Probability | dict[ClassName, Probability] | None = Field(
        None, description="0..1; with `probability` one for each class that the country uses"
    )

    @model_validator(mode="after")
    def _shape(self) -> Self:
        if self.rule == "disable":
            if self.return_period is not None or self.probability is not None:
                raise ValueError("with rule `disable` there are no classes: remove return_period and probability")
            return self
        varying, fixed = (
            (self.return_period, self.probability)
            if self.rule == "return-period"
            else (self.probability, self.return_period)
        )
        names = ("return_period", "probability")
        vary, fix = names if self.rule == "return-period" else names[::-1]
        if not isinstance(varying, dict) or isinstance(fixed, dict) or fixed is None:
            raise ValueError(f"rule `{self.rule}` takes one {fix} and a {vary} for each class (min, med, max)")
        if "max" not in varying:
            raise ValueError(f"{vary} names no class `max`, so no trigger could ever have a class")
        ordered = [varying[name] for name in ("min", "med", "max") if name in varying]
        if ordered != sorted(set(ordered)):
            raise ValueError(f"{vary} must grow from min over med to max, found {ordered}")
        return self


class Trigger(Section):
    """When a lead time of a station is a trigger."""

    return_period: ReturnPeriod = Field(description="years; a threshold of the station that must be exceeded")
    probability: Probability = Field(description="0..1, share of the members above that threshold: write 0.60 for 60 %")
    lead_time_limit: LeadTime = Field(description="days; later lead times can only warn")


class FloodMaps(Section):
    """Flood depth maps of the country and how events pick one (design section 5, rules 7 and 10)."""

    return_periods: tuple[ReturnPeriod, ...] = Field(min_length=1, description="years; one map each")
    below_smallest: Literal["use-smallest", "empty"] = Field(
        "use-smallest", description="what an event below the smallest map gets"
    )
    event_return_period: Literal["largest", "first-trigger-day"] = Field(
        "largest", description="over all trigger lead times, or that of the first one"
    )
    minimum_depth: float = Field(0.1, gt=0, le=5, strict=True, description="metres; shallower water is dry land")
    permanent_water: StaticFile | None = Field(
        None, description="raster below the static data, > 0 where there is always water: no flood, no people there"
    )

    @field_validator("return_periods")
    @classmethod
    def _growing(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError(f"list every return period once, smallest first; found {list(value)}")
        return value


RESERVED_INDICATORS = frozenset(
    {
        "population_affected",
        "population_affected_percentage",
        "alert_threshold",
        "forecast_severity",
        "forecast_trigger",
    }
)
"""indicators of areas that are sent in any case; another layer under one of these names would replace them"""


class ExposureLayer(Section):
    """One raster of what stands to be affected, and the indicator it is published under."""

    indicator: str = Field(pattern=r"^\w+$", description="name of the IBF dynamic indicator")
    raster: StaticFile = Field(description="file below the country's static data")


class People(Section):
    """What is counted and published for areas (design section 5, rules 8 and 9)."""

    for_warnings: bool = Field(False, description="publish people for warnings too; otherwise 0")
    percentage: bool = Field(True, description="publish population_affected_percentage, a fraction 0..1")
    further_layers: tuple[ExposureLayer, ...] = Field((), description="more exposure rasters, one indicator each")

    @field_validator("further_layers")
    @classmethod
    def _own_indicators(cls, value: tuple[ExposureLayer, ...]) -> tuple[ExposureLayer, ...]:
        names = [layer.indicator for layer in value]
        taken = [name for name in names if name.lower() in RESERVED_INDICATORS]
        twice = [name for number, name in enumerate(names) if name in names[:number]]
        if taken:
            raise ValueError(f"{taken[0]} is published by the pipeline itself: name the layer's indicator otherwise")
        if twice:
            raise ValueError(f"{twice[0]} stands twice: one layer an indicator")
        return value


class Members(Section):
    """How complete an ensemble must be."""

    expected: int = Field(51, ge=1, le=200, strict=True, description="members of a complete forecast")
    minimum: int = Field(34, ge=1, le=200, strict=True, description="with fewer the run stops before publishing")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.minimum > self.expected:
            raise ValueError(f"minimum {self.minimum} is larger than expected {self.expected}")
        return self


class StationRules(Section):
    """How stations are judged and reported."""

    forecast_level: Literal["trigger-probability", "mean"] = Field(
        "trigger-probability", description="which discharge represents the ensemble (rule 11)"
    )
    suspect_below: float = Field(
        0.05, ge=0, lt=1, description="suspect where no member ever exceeds this share of the smallest threshold"
    )


class Country(Section):
    """What differs from country to country."""

    iso3: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 3166 alpha-3 code in capitals")
    name: str = Field(min_length=1, description="as people write it")
    static: str | None = Field(
        None,
        description="folder or URL (file://, https://, s3://) of the static data; default <paths.static>/<ISO3>. What "
        "lies behind a URL is kept in <paths.inputs>/static/<ISO3> and fetched again where its size or tag changed",
    )
    static_sources: StaticSources = StaticSources()
    admin_levels: tuple[Annotated[int, Field(ge=1, le=5, strict=True)], ...] = Field(
        min_length=1, description="exactly the levels of the IBF server for this country"
    )
    default_admin_level: int = Field(ge=1, le=5, strict=True, description="the level at which events exist")
    event_name: Literal["station_code", "station_name"] = Field(
        "station_code", description="the event's identity on the server (rule 4)"
    )
    classes: Classes = Classes()
    trigger: Trigger
    members: Members = Members()
    flood_maps: FloodMaps
    people: People = People()
    stations: StationRules = StationRules()
    thresholds_version: GlofasVersion = Field(
        description='GloFAS version that the thresholds were made with, in quotation marks, e.g. "4"'
    )
    accepted_versions: tuple[GlofasVersion, ...] = Field(
        (), description="other GloFAS versions that an operator accepts for these thresholds"
    )
    accepted_process_ids: tuple[int, ...] = Field(
        (), description="GRIB process ids that an operator accepts though no version is known for them"
    )
    sources: tuple[str, ...] = Field(min_length=1, description="names out of settings.yaml, preferred one first")
    target: str = Field("sandbox", description="name out of settings.yaml")
    map_image: bool = Field(False, description="upload a map image with each event where the server takes one")
    schedule: Cron | None = Field(None, description="of the daily run; default operations.schedule of settings.yaml")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if list(self.admin_levels) != sorted(set(self.admin_levels)):
            raise ValueError(f"admin_levels: list every level once, smallest first; found {list(self.admin_levels)}")
        if self.default_admin_level not in self.admin_levels:
            raise ValueError(
                f"default_admin_level {self.default_admin_level} is not among admin_levels {list(self.admin_levels)}"
            )
        top = flood_rule_classes(self.classes).get("max")
        trigger = ClassLimit(self.trigger.return_period, exact(self.trigger.probability))
        if top is not None and top != trigger:
            raise ValueError(
                f"trigger (return period {self.trigger.return_period:g}, probability {self.trigger.probability:g}) "
                f"does not fit the class max (return period {top.return_period:g}, probability "
                f"{float(top.probability):g}): make them equal"
            )
        return self

    @property
    def rule(self) -> FloodRule:
        """The flood rule that the forecast is judged by."""
        return FloodRule(
            class_rule=self.classes.rule,
            classes=flood_rule_classes(self.classes),
            trigger=ClassLimit(self.trigger.return_period, exact(self.trigger.probability)),
            trigger_lead_time_limit=self.trigger.lead_time_limit,
        )

    @property
    def deepest_admin_level(self) -> int:
        """The level of the mapping file."""
        return self.admin_levels[-1]


def flood_rule_classes(classes: Classes) -> dict[str, ClassLimit]:
    """Each class's return period and probability, whichever of the two varies."""

    def pick(value: float | dict[ClassName, float] | None, name: ClassName) -> float | None:
        return value.get(name) if isinstance(value, dict) else value

    limits: dict[str, ClassLimit] = {}
    names: tuple[ClassName, ...] = ("min", "med", "max")
    for name in names:
        period, probability = pick(classes.return_period, name), pick(classes.probability, name)
        if period is not None and probability is not None:
            limits[name] = ClassLimit(period, exact(probability))
    return limits


class Paths(Section):
    """Where things lie; relative paths start at the folder above the configuration."""

    static: str = Field(
        "data/countries", description="static data: <static>/<ISO3>/, where a country says nothing else"
    )
    prepared: str = Field("prepared", description="prepared layers, made again from the static data at any time")
    runs: str = Field("runs", description="what was found and published; on a POSIX file system, and worth a back-up")
    sandbox: str = Field("sandbox", description="the built-in server's database")
    inputs: str = Field(
        "fetched",
        description="cache of fetched forecasts: <inputs>/<source>/<YYYYMMDD>/; and of static data from URLs, which "
        "have no bound: static/, static-sources/",
    )


class Target(Section):
    """Somewhere to publish to."""

    kind: Literal["ibf", "files"] = Field(description="an IBF API, or files for QGIS, spreadsheets and shadow runs")
    url: str | None = Field(None, pattern=r"^https?://", description="of the API, with or without /api at the end")
    embedded_sandbox: bool = Field(False, description="start the built-in sandbox server for this target")
    email_variable: str = Field("IBF_EMAIL", description="environment variable with the account's e-mail")
    password_variable: str = Field("IBF_PASSWORD", description="environment variable with its password")
    capabilities: Literal["auto", "described", "current"] = Field(
        "auto", description="how the server is spoken to; auto asks its OpenAPI document and says what it chose and why"
    )
    notifications: bool = Field(True, description="whether runs may send mail through this target")
    exercises: bool = Field(False, description="whether scenarios may be published here")
    test_target: bool = Field(False, description="a future issue date is accepted here")
    folder: str | None = Field(None, description="of a files target: <folder>/<ISO3>/<issue date>/")
    hold_hours: float = Field(
        12, gt=0, le=168, description="how long a held notification waits for approval; afterwards nobody is notified"
    )
    timeout_seconds: float = Field(60, gt=0, le=600, description="of waiting for an answer")
    attempts: int = Field(5, ge=1, le=20, strict=True, description="tries of a call that may be repeated")
    keep_trying_seconds: float = Field(
        600, ge=0, le=3600, strict=True,
        description="how long publishing tries a call again, from its first failure, while the server is away "
        "(connection errors, 429, 502, 503, 504), however many `attempts` that takes; never the notification",
    )  # fmt: skip

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.kind == "ibf" and self.embedded_sandbox == (self.url is not None):
            raise ValueError("an ibf target has either a url or embedded_sandbox: true")
        if (self.kind == "files") != (self.folder is not None):
            raise ValueError("a folder belongs to a files target, and a files target needs one")
        if self.url is not None and re.match(r"https?://[^/]*@", self.url):
            raise ValueError("a url with a password in it: name the environment variables instead")
        return self


Cron = Annotated[
    str,
    Field(
        pattern=r"^\s*\S+(\s+\S+){4}\s*$", description='five fields of cron, in UTC: "30 9 * * *" is 09:30 every day'
    ),
]


class Operations(Section):
    """How the pipeline is operated with Prefect; without a server only `parallel_countries` matters."""

    schedule: Cron = Field("0 15 * * *", description="cron (UTC) of the daily run of countries that name none")
    parallel_countries: int = Field(
        2, ge=1, le=64, strict=True, description="countries that `all-countries` runs at the same time"
    )
    work_pool: str = Field("ibf", min_length=1, description="Prefect work pool of all deployments but `observe-event`")
    observation_pool: str | None = Field(
        None,
        min_length=1,
        description="Prefect work pool of `observe-event`, whose runs wait hours for an order; `<work_pool>-observe` "
        "where none is given",
    )
    work_pool_type: Literal["process", "docker", "kubernetes"] = Field(
        "process", description="how the pools start runs; a pool that exists already keeps its own"
    )
    intake_schedule: Cron | None = Field(
        None, description="cron (UTC) of the intake; not scheduled where none is given"
    )
    finished_by: Cron = Field(
        "30 20 * * *", description="cron (UTC) of the heartbeat: by then every country's run of the day has ended"
    )
    late_after_minutes: int = Field(
        30, ge=1, le=1440, strict=True, description="a scheduled run that has not begun by then is reported as late"
    )
    notification_block: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]+/[a-z0-9-]+$",
        description="Prefect block that messages go to, type/name, e.g. slack-webhook/ibf; none: no messages",
    )
    reports_url: str | None = Field(
        None, pattern=r"^https?://", description="where the folder of the runs is served, for links to reports"
    )

    @property
    def pool_of_observations(self) -> str:
        """The work pool of `observe-event`."""
        return self.observation_pool or f"{self.work_pool}-observe"


class Settings(Section):
    """What is the same for every country."""

    paths: Paths = Paths()
    sources: dict[SourceName, SourceSettings]
    inputs: Inputs = Field(Inputs(), description="bounds of the cache of fetched forecasts")
    targets: dict[str, Target]
    glofas_process_ids: dict[GlofasVersion, tuple[int, ...]] = Field(
        default_factory=dict, description="GRIB generating process ids of each GloFAS version"
    )
    operations: Operations = Operations()


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
                if name not in known:
                    raise _unknown(kind, name, known, file)
        return country

    def target(self, name: str) -> Target:
        """A named target of the settings; ConfigError where there is none."""
        if name not in self.settings.targets:
            raise _unknown("target", name, self.settings.targets, self.folder / "settings.yaml")
        return self.settings.targets[name]

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
    file = folder / "settings.yaml"
    if not file.is_file():
        raise ConfigError(
            "there is no settings.yaml",
            where=folder,
            expected="a configuration folder",
            remedy="run inside the project's folder or pass --config",
        )
    return Configuration(folder, read_section(Settings, file))


def read_section(model: type[Model], file: Path) -> Model:
    """A validated part of the configuration out of its own YAML file; ConfigError names file, key and remedy."""
    return validated(model, _read_yaml(file), file)


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


def _unknown(kind: str, name: str, known: Mapping[str, object], file: Path) -> ConfigError:
    return ConfigError(
        f"there is no {kind} {name!r}",
        where=file,
        expected="one of " + (", ".join(sorted(known)) or "none is configured"),
        remedy=f"add it under {kind}s in settings.yaml, or choose another",
    )


class _UniqueKeyLoader(yaml.SafeLoader):
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
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def _read_yaml(file: Path) -> dict[str, Any]:
    """The keys of a YAML file; ConfigError where it cannot be read or a key stands twice."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506
    except Exception as error:  # PyYAML lets all kinds of errors through for odd tags and dates
        detail = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(
            f"this is no readable YAML: {detail}",
            where=file,
            expected="YAML in UTF-8",
            remedy="mend the line named",
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(
            "the file holds no keys",
            where=file,
            expected="a YAML mapping of keys to values",
            remedy="write it from a copy of another country's file",
        )
    return content


def validated(model: type[Model], content: dict[str, Any], file: Path) -> Model:
    """A part of the configuration as its model; ConfigError names file, key and remedy."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem(model, item) for item in error.errors()]
        raise ConfigError(
            "; ".join(problems),
            where=file,
            expected="known keys, each with a value of its kind and range",
            remedy="correct " + ("this key" if len(problems) == 1 else "these keys"),
        ) from None


def _problem(model: type[Section], item: Any) -> str:
    places = [str(part) for part in item["loc"] if not str(part).startswith(("dict[", "float", "constrained", "["))]
    if places[:1] == ["sources"] and len(places) > 3:
        del places[2]  # the kind, which pydantic puts between the source's name and its key
    key = ".".join(places) or "file"
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(places[-1], _keys(model), n=1)
        return f"{key}: unknown key" + (f", did you mean {near[0]!r}?" if near else "")
    if item["type"] == "missing":
        return f"{key}: this key is missing"
    message = str(item["msg"]).removeprefix("Value error, ")
    value = item.get("input")
    shown = "" if isinstance(value, dict | list | tuple | Section) else f", found {value!r}"
    hint = _description(model, item["loc"])
    return f"{key}: {message[:1].lower()}{message[1:]}{shown}" + (f" ({hint})" if hint else "")


def _sections(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, Section) else []
    return [found for part in getattr(annotation, "__args__", ()) for found in _sections(part)]


def _keys(model: type[Section]) -> list[str]:
    keys = list(model.model_fields)
    for field in model.model_fields.values():
        for section in _sections(field.annotation):
            keys += _keys(section)
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
