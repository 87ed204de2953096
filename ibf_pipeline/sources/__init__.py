"""Where forecasts come from: a source for each kind of service, their order, the cache of what they delivered."""

from ibf_pipeline.sources.fallback import first_usable
from ibf_pipeline.sources.folder import FolderSource
from ibf_pipeline.sources.source import ForecastFiles, Source

__all__ = ["FolderSource", "ForecastFiles", "Source", "first_usable"]
