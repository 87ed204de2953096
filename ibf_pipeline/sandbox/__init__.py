"""A local server that behaves like the IBF API 0.335, surprises included, and shows the portal's state on a page.

With it a run can be published, looked at and repeated without an account or a network. What it does is what was
checked on a running instance of the real service; if it were kinder than that, it would be wrong.

It has its own table of hazards (``vocabulary.yaml``, ``Disaster``); whoever starts one can bring further hazards with
``Sandbox(..., further=...)``, and a country is seeded with several through ``CountrySeed(hazards=...)``.
"""

from ibf_pipeline.sandbox.assets import seed_assets
from ibf_pipeline.sandbox.auth import SANDBOX_PASSWORD, User, default_users
from ibf_pipeline.sandbox.countries import CountrySeed, HazardSeed, PointSeed, StationSeed, seed_from_static
from ibf_pipeline.sandbox.disasters import Disaster
from ibf_pipeline.sandbox.lines import DrawnLine
from ibf_pipeline.sandbox.mail import Mail
from ibf_pipeline.sandbox.server import Sandbox

__all__ = [
    "SANDBOX_PASSWORD",
    "CountrySeed",
    "Disaster",
    "DrawnLine",
    "HazardSeed",
    "Mail",
    "PointSeed",
    "Sandbox",
    "StationSeed",
    "User",
    "default_users",
    "seed_assets",
    "seed_from_static",
]
