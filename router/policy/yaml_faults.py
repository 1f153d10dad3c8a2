"""What the YAML parser complains about, in words that help, at the place that is at fault."""

from __future__ import annotations

import re
from collections.abc import Sequence

from yaml.error import Mark as YamlMark
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from router.policy.findings import at_mark, printable, quoted
from router.policy.nodes import Mark, SourceText
from router.policy.offsets import split_lines
from router.types import Finding, Severity, Span

__all__ = ["decode", "reader_fault", "syntax_fault", "unprintable"]

_QUOTE = "put the whole value in quotes, or on its own lines below a `|`"

_SAID: tuple[tuple[str, str, str | None], ...] = (
    # a part of the parser's words, ours, and the help
    (
        "mapping values are not allowed",
        "a `:` cannot stand here",
        "put a value that contains `: ` in quotes, or indent the key like its siblings",
    ),
    ("could not find expected ':'", "a key without a `:`", "write `key: value`"),
    (
        "did not find expected key",
        "expected a key here",
        "check the indentation; what goes on after a closing quote needs quotes around all of it",
    ),
    (
        "did not find expected '-' indicator",
        "expected `- ` here, as in the lines of the list above",
        "check the indentation",
    ),
    ("did not find expected ',' or", "expected `,` or the closing bracket here", _QUOTE),
    (
        "block sequence entries are not allowed",
        "a list cannot begin here",
        "begin it on a new line",
    ),
    ("found unknown escape", "an unknown escape in double quotes", "use single quotes, or `\\\\`"),
    ("alphabetic or numeric character", "not the name of an alias or an anchor", _QUOTE),
    ("found a tab character", "a tab cannot indent YAML", "indent with spaces"),
    ("found incompatible YAML", "an unknown %YAML version", "remove the %YAML line"),
)


def syntax_fault(error: MarkedYAMLError, source: SourceText) -> Finding:
    """The finding for what the scanner or the parser refused."""
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    problem = error.problem or "no YAML"
    help_line: str | None
    if "exceeded maximum nesting depth" in problem:  # libyaml 0.2.6, before we see the values
        message = "lists and maps nested too deep"
        return at_mark("yaml-too-deep", message, source, _point(mark))
    if context is not None and "unexpected end of stream" in problem:
        message, help_line = "a quoted text that is never closed", "add the closing quote"
        return _at(source, _point(context), message, help_line)
    if _at_end(mark, source):
        if context is None or _at_end(context, source):
            return _at(source, _last(source), "the file ends in the middle of something", None)
        help_line = "add the closing bracket" if "flow" in (error.context or "") else None
        return _at(source, _point(context), "what begins here is never finished", help_line)
    if mark is not None and "cannot start any token" in problem:
        return _at(source, _point(mark), *_bad_start(source, mark))
    unfinished = "expected ',' or" in problem
    if unfinished and context is not None and mark is not None and context.line != mark.line:
        return _unclosed(source, context, mark)
    if context is not None and "could not find expected ':'" in problem:
        if (tight := _tight_colon(source, context)) is not None:
            return tight
        mark = context
    message, help_line = next(
        ((ours, hint) for part, ours, hint in _SAID if part in problem),
        (f"not YAML: {problem}", None),
    )
    notes = []
    if context is not None and mark is not None and 0 < context.line != mark.line:
        notes.append(f"in what begins on line {context.line + 1}")
    return _at(source, _point(mark), message, help_line, notes)


def _unclosed(source: SourceText, opened: YamlMark, mark: YamlMark) -> Finding:
    """A bracket that is open on a later line, where something stands that is no element."""
    line, following = source.line(opened.line + 1), source.line(mark.line + 1)
    bracket = line[opened.column : opened.column + 1]
    closing = "}" if bracket == "{" else "]"
    # Within brackets too, lines are indented by more than what the brackets are a part of.
    if _indent(following) <= _indent(line) and following.strip()[:1] not in ("}", "]"):
        message = f"the `{bracket}` is not closed"
        return _at(source, _point(opened), message, f"add the `{closing}`")
    message = f"expected `,` or `{closing}` here"
    help_line = f"close the `{bracket}` of line {opened.line + 1}, or put a `,` in between"
    return _at(source, _point(mark), message, help_line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_TIGHT = re.compile(r"((?:- +)*[\w-]+):(\S|[^\S \t])(.*)")


def _tight_colon(source: SourceText, mark: YamlMark) -> Finding | None:
    """A `:` without the space after it that makes a key of what stands before."""
    found = _TIGHT.match(source.line(mark.line + 1), mark.column)
    if found is None:
        return None
    key, after, rest = found.groups()
    column = mark.column + len(key)
    if after.isspace():
        message = f"the character U+{ord(after):04X} follows the `:`, where a space must"
        rest, column = rest.strip(), column + 1
    else:
        message, rest = "no space follows the `:`", (after + rest).strip()
    place = (mark.line, column, mark.line, column + 1)
    return _at(source, place, message, f"write {quoted(f'{key}: {rest}')}")


def _at(
    source: SourceText, mark: Mark, message: str, help_line: str | None, notes: Sequence[str] = ()
) -> Finding:
    return at_mark("yaml-syntax", message, source, mark, help=help_line, notes=notes)


def _last(source: SourceText) -> Mark:
    """The last character that shows."""
    lines = split_lines(source.text.rstrip())
    line, column = len(lines) - 1, max(0, len(lines[-1]) - 1)
    return (line, column, line, column + 1)


def _at_end(mark: YamlMark | None, source: SourceText) -> bool:
    """Whether the parser complains where nothing is left to look at."""
    return mark is not None and not source.text[mark.index :].strip()


def _bad_start(source: SourceText, mark: YamlMark) -> tuple[str, str]:
    character = source.line(mark.line + 1)[mark.column : mark.column + 1]
    if character == "\t":
        return "a tab cannot indent YAML", "indent with spaces"
    return f"{quoted(character)} cannot begin a value", _QUOTE


def _point(mark: YamlMark | None) -> Mark:
    if mark is None:
        return (0, 0, 0, 1)
    return (mark.line, mark.column, mark.line, mark.column + 1)


# --- encodings -----------------------------------------------------------------------------------

_UTF16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_UNPRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# libyaml ends a line at these, as YAML 1.1 does; YAML 1.2 takes them for text. And a byte order
# mark that is not the first character is an invisible letter of the word it stands in.
_DOUBTFUL = "[\x85\u2028\u2029\ufeff]"


def decode(data: bytes, file: str) -> str | Finding:
    """The text of a file in UTF-8, its byte order mark dropped; a finding where it is not that."""
    if data.startswith(_UTF16_OR_32) or b"\x00" in data[:2]:
        source = SourceText(file, "")
        return at_mark(
            "yaml-encoding",
            "the file is in UTF-16 or UTF-32, or it is not text",
            source,
            (0, 0, 0, 1),
            help="save it as UTF-8",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        source = SourceText(file, data.decode("utf-8", "replace"))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return _at_offset(source, before, message, "save the file as UTF-8")
    text = text.removeprefix("\ufeff")
    if not text.isascii() and (found := re.search(_DOUBTFUL, text)):
        return unprintable(SourceText(file, text), found.start())
    return text


def reader_fault(error: ReaderError, source: SourceText) -> Finding:
    """The finding for a character that YAML does not allow."""
    found = re.search(_UNPRINTABLE, source.text)
    if found is not None:
        return unprintable(source, found.start())
    return at_mark("yaml-encoding", f"not text: {error.reason}", source, (0, 0, 0, 1))


def unprintable(source: SourceText, offset: int) -> Finding:
    """The finding for a character that may not stand in a policy file."""
    code = ord(source.text[offset])
    return _at_offset(
        source,
        source.text[:offset],
        f"the character U+{code:04X} may not stand in a YAML file",
        f'remove it, or write it as "\\u{code:04x}" in double quotes',
    )


def _at_offset(source: SourceText, before: str, message: str, help_line: str) -> Finding:
    lines = split_lines(before)
    line, column = len(lines), len(lines[-1]) + 1
    shown = source.line(line)
    return Finding(
        "yaml-encoding",
        Severity.ERROR,
        message,
        Span(source.file, line, column, line, column + 1),
        help_line,
        printable(shown, column),
    )
