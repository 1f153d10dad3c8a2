"""Which YAML parser gives the events: libyaml's, or PyYAML's own where libyaml is missing."""

from __future__ import annotations

from typing import Any, Final

from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

try:
    from yaml._yaml import CParser as _CParser
except ImportError:  # PyYAML was built without libyaml: right, and six times slower
    _CParser = None  # type: ignore[assignment,misc]  # a class or its absence

__all__ = ["USES_LIBYAML", "event_parser"]

USES_LIBYAML: Final[bool] = _CParser is not None


def event_parser(text: str, *, pure: bool = False) -> Any:
    """A parser whose `get_event` gives one event after the other, then None.

    `pure` takes PyYAML's own parser even where libyaml is present.
    """
    return _PureParser(text) if pure or _CParser is None else _CParser(text)


class _PureParser(Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
