"""The configuration: one validated model a file, read from `settings.yaml` and `countries/<ISO3>.yaml`."""
