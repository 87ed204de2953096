"""Prefect tasks: the library's functions with retries, names and artifacts."""
