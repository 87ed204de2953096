"""Typhoon: from an ensemble of tracks to winds, damage and alerts of municipalities. Rules: docs/design/typhoon.md."""
