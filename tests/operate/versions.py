"""What earlier versions have registered on a server."""

from pathlib import Path

OF_VERSION_1 = Path(__file__).with_name("automations_of_version_1.json")
"""automations as they were when outcomes were told apart by how messages begin"""
