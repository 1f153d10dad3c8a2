"""The handbook: a policy set as one page for people."""

from __future__ import annotations

from router.handbook.edition import Edition
from router.handbook.page import page

__all__ = ["Edition", "page"]
