"""Pictures of a run, drawn without a display: hydrographs and maps. Object interface only, no global drawing state."""
