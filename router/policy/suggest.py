"""Did you mean: the known word that an unknown one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean", "suggest"]

_LONGEST = 64  # nobody mistypes a longer word, and comparing it takes time
_ALIKE = 0.7


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The word of `known` that is most like `word`, if one is like it at all.

    Spelling in another fashion (`maxTokens`, `max-tokens`) counts as alike.
    """
    if not 0 < len(word) <= _LONGEST:
        return None
    candidates = [candidate for candidate in known if len(candidate) <= _LONGEST]
    plain = _plain(word)
    for candidate in candidates:
        if _plain(candidate) == plain:
            return candidate
    if not candidates:
        return None
    import difflib  # only those who mistype pay for it

    found = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=_ALIKE)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The help line for an unknown word, or None."""
    found = suggest(word, known)
    return None if found is None else f"did you mean `{found}`?"


def _plain(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
