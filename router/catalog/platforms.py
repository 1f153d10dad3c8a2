"""What a model is called where it is served.

Source: platform.claude.com model pages and LiteLLM's list (see the catalog's sources).
"""

from __future__ import annotations

from typing import Literal, get_args

from router.catalog.models import Model
from router.errors import CatalogError

__all__ = ["BEDROCK_PROFILES", "PLATFORMS", "Platform", "platform_id"]

Platform = Literal["api", "aws", "bedrock", "google_cloud", "foundry"]
PLATFORMS: tuple[Platform, ...] = get_args(Platform)

# Prefixes of Bedrock's cross-region inference profiles; all but `global` cost a regional premium.
BEDROCK_PROFILES = ("global", "us", "eu", "apac", "jp", "au", "us-gov")


def platform_id(model: Model, platform: str, *, profile: str | None = None) -> str | None:
    """The model's name on a platform; None where the catalog does not know it to be offered.

    `profile` puts a Bedrock inference-profile prefix before the name and is an error elsewhere.

    Raises:
        CatalogError: an unknown platform or profile.
    """
    if platform not in PLATFORMS:
        raise CatalogError(f"unknown platform {platform!r}; known: {', '.join(PLATFORMS)}")
    if profile is not None:
        if platform != "bedrock":
            raise CatalogError(f"inference profiles exist on bedrock only, not on {platform}")
        if profile not in BEDROCK_PROFILES:
            known = ", ".join(BEDROCK_PROFILES)
            raise CatalogError(f"unknown inference profile {profile!r}; known: {known}")
    if platform in ("api", "aws"):
        return model.id
    name = model.platform_ids.get(platform)
    return name if name is None or profile is None else f"{profile}.{name}"
