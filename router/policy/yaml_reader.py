"""YAML bytes -> Node: positions for every key and value, YAML 1.2 scalars, and hard limits.

libyaml's parser gives events; the tree is built here, without recursion, so that depth, size and
aliases are bounded before anything is built. (PyYAML's own composer recurses, keeps the last of
two equal keys in silence and reads YAML 1.1.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from router.policy.edits import fix, replace_plain
from router.policy.findings import at_mark, quoted
from router.policy.nodes import Mark, Node, SourceText
from router.policy.yaml_faults import decode, reader_fault, syntax_fault
from router.policy.yaml_parser import event_parser
from router.policy.yaml_quirks import swallowed_question, torn_anchor
from router.policy.yaml_scalars import (
    NUMERIC_STARTS,
    WORDS,
    Plain,
    kind,
    plain_number,
    unambiguous,
)
from router.types import Edit, Finding, Fix, Severity

__all__ = [
    "MAX_ALIASES",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_EXPANDED",
    "MAX_NODES",
    "Reading",
    "read_yaml",
]

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 64
MAX_NODES: Final = 100_000
MAX_ALIASES: Final = 32
MAX_EXPANDED: Final = 10_000  # nodes that all aliases together may stand for
_MAX_FINDINGS: Final = 20  # of each severity; the last one says how many more there are

_STYLES = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


class Reading(NamedTuple):
    """What reading a file gave. Without a node there is nothing to check any further.

    With errors there may be a node all the same, so that its other faults can be reported too. A
    key that was refused is in the `key_marks` of its map and not in its `value`.
    """

    node: Node | None
    findings: tuple[Finding, ...]


def read_yaml(data: bytes, file: str, *, pure: bool = False) -> Reading:
    """Reads one YAML document. Never raises for what the bytes are, and never recurses.

    `pure` takes PyYAML's parser in Python even where libyaml is present.
    """
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"
        found = at_mark("yaml-too-large", message, SourceText(file, ""), (0, 0, 0, 1))
        return Reading(None, (found,))
    text = decode(data, file)
    if isinstance(text, Finding):
        return Reading(None, (text,))
    source = SourceText(file, text)
    tree = _Tree(source)
    whole = _drain(tree, text, pure)
    if whole and tree.root is None:
        help_line = "begin with `version: 1`"
        tree.report("empty-file", "the file holds nothing", (0, 0, 0, 1), help=help_line)
    return Reading(tree.root, tree.finished())


def _drain(tree: _Tree, text: str, pure: bool) -> bool:
    """Feeds the parser's events to the tree; False where it stopped early."""
    handlers = tree.handlers()
    try:
        next_event = event_parser(text, pure=pure).get_event
        while (event := next_event()) is not None:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
    except _Stop:
        return False
    except ReaderError as error:
        tree.refuse(reader_fault(error, tree.source))
    except MarkedYAMLError as error:
        tree.refuse(syntax_fault(error, tree.source))
    except ValueError as error:
        # the parser in Python lets out what chr() says of "\U00110000"
        tree.refuse(at_mark("yaml-syntax", f"not YAML: {error}", tree.source, (0, 0, 0, 1)))
    else:
        return True
    return False


class _Stop(Exception):
    """Reading on is of no use, or not safe."""


_DROPPED: Final = object()  # stands for a key that was refused: its value is read and let go
_COMPLEX: Final = object()  # stands for a key that is a list or a map


class _Tree:
    """Builds nodes from events, with the open containers on a stack of its own."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.root: Node | None = None
        self._open: Node | None = None
        self._key: object = None  # of the open map; None where the next node is a key
        self._stack: list[tuple[Node | None, object, str | None]] = []
        self._questions = "?" in source.text
        self._last: Mark = (0, 0, 0, 0)
        self._anchors: dict[str, Node] = {}
        self._aliases = 0
        self._expanded = 0
        self._nodes = 0
        self._documents = 0
        self._findings: dict[Severity, list[Finding]] = {s: [] for s in Severity}
        self._more: dict[Severity, int] = dict.fromkeys(Severity, 0)
        self._more_edits: dict[Severity, list[Edit]] = {s: [] for s in Severity}

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        return {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._map_start,
            MappingEndEvent: self._end,
            SequenceStartEvent: self._list_start,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document_start,
        }

    # --- findings --------------------------------------------------------------------------------

    def report(self, rule: str, message: str, mark: Mark, **more: Any) -> None:
        severity = more.get("severity", Severity.ERROR)
        found = self._findings[severity]
        if len(found) < _MAX_FINDINGS:
            found.append(at_mark(rule, message, self.source, mark, **more))
        else:
            self._more[severity] += 1
            remedy = more.get("fix")
            self._more_edits[severity] += remedy.edits if remedy is not None else ()

    def refuse(self, finding: Finding) -> None:
        """Takes the finding after which there is no tree."""
        self._findings[Severity.ERROR].append(finding)
        self.root = None

    def finished(self) -> tuple[Finding, ...]:
        found: list[Finding] = []
        for severity, some in self._findings.items():
            found += some
            if self._more[severity]:
                note = f"{self._more[severity]} more of this severity are not shown"
                last, edits = found[-1], tuple(self._more_edits[severity])
                remedy = last.fix
                if remedy is not None and edits:
                    said = f"{remedy.message}, and so for those that are not shown"
                    remedy = replace(remedy, message=said, edits=(*remedy.edits, *edits))
                found[-1] = replace(last, notes=(*last.notes, note), fix=remedy)
        return tuple(sorted(found, key=lambda finding: finding.span))

    def _stop(self, rule: str, message: str, mark: Mark, **more: Any) -> None:
        self.refuse(at_mark(rule, message, self.source, mark, **more))
        raise _Stop

    # --- events ----------------------------------------------------------------------------------
    # typed Any: PyYAML's stubs make every mark optional, for events that no parser makes

    def _document_start(self, event: Any) -> None:
        self._documents += 1
        mark = _mark(event)
        if self._documents > 1:
            message = "a second document in one file"
            self.report("multi-document", message, mark, help="one policy a file: remove the `---`")
            raise _Stop
        if event.tags:
            self.report("yaml-tag", "a %TAG line: policies have no tags", mark, help="remove it")
        if event.version == (1, 1):
            message = "%YAML 1.1: policies are read as YAML 1.2"
            self.report("yaml-syntax", message, mark, help="remove the %YAML line")

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        mark = self._last = (start.line, start.column, end.line, end.column)
        if event.tag is not None:
            self._tag(event.tag, mark)
        if event.anchor is not None:
            self._anchor(event, mark)
        value: Any = event.value
        style = event.style
        parent = self._open
        if parent is not None and parent.key_marks is not None and self._key is None:
            self._take_key(parent, value, style, mark)
            if event.anchor is not None:
                self._anchors[event.anchor] = Node(value, self.source, mark, "plain")
            return
        if style:
            style = _STYLES[style]
            if style == "double" and not value.isascii():
                self._surrogates(value, mark)
        else:
            style = "plain"
            if value in WORDS:
                value = self._plain(WORDS[value], value, mark)
            elif value[0] in NUMERIC_STARTS:
                value = self._plain(plain_number(value), value, mark)
        node = Node(value, self.source, mark, style)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._attach(node)

    def _map_start(self, event: Any) -> None:
        self._start(event, {}, {})

    def _list_start(self, event: Any) -> None:
        self._start(event, [], None)

    def _start(self, event: Any, value: Any, key_marks: dict[str, Any] | None) -> None:
        mark = _mark(event)
        if event.tag is not None:
            self._tag(event.tag, mark)
        if len(self._stack) >= MAX_DEPTH:
            message = f"lists and maps nested more than {MAX_DEPTH} deep"
            self._stop("yaml-too-deep", message, mark)
        parent, key = self._open, self._key
        if parent is not None and parent.key_marks is not None and key is None:
            if all(outer is not _COMPLEX for _, outer, _ in self._stack):
                self._complex_key(parent, mark)  # and not once more for each key inside it
            key = _COMPLEX
        self._stack.append((parent, key, event.anchor))
        self._open = Node(value, self.source, mark, None, key_marks)
        self._key = None

    def _end(self, event: Any) -> None:
        node = self._open
        assert node is not None  # noqa: S101 - the parser balances starts and ends
        begin, end = event.start_mark, event.end_mark
        line, column, *_ = node.mark
        if begin.index != end.index:  # a closing bracket
            node.mark = self._last = (line, column, end.line, end.column)
        else:
            # libyaml ends a block collection where the next token begins; people end it with
            # its last element
            node.mark = (line, column, *self._last[2:])
        self._open, self._key, anchor = self._stack.pop()
        if anchor is not None:
            self._anchors[anchor] = node
        self._attach(node)

    def _alias(self, event: Any) -> None:
        mark = self._last = _mark(event)
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            message = f"more than {MAX_ALIASES} aliases in one file"
            self._stop("alias-bomb", message, mark, help="use `extends` for what is shared")
        node = self._anchors.get(event.anchor)
        if node is None:
            inside = any(anchor == event.anchor for _, _, anchor in self._stack)
            rule = "alias-bomb" if inside else "yaml-syntax"
            what = "stands inside its own anchor" if inside else "has no anchor before it"
            help_line = None if inside else "put a value that begins with `*` in quotes"
            self._stop(rule, f"the alias {quoted(event.anchor)} {what}", mark, help=help_line)
            return
        self._expand(node, mark)
        parent = self._open
        if parent is not None and parent.key_marks is not None and self._key is None:
            self.report("non-string-key", "an alias as a key", mark, help="write the key out")
            self._key = _DROPPED
            return
        self._attach(node)

    # --- parts -----------------------------------------------------------------------------------

    def _attach(self, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            message = f"more than {MAX_NODES:,} values in one file"
            self._stop("yaml-too-large", message, node.mark)
        parent, key = self._open, self._key
        if parent is None:
            self.root = node if node.value is not None or node.style != "plain" else None
        elif parent.key_marks is None:
            parent.value.append(node)
        elif key is _COMPLEX:
            self._key = _DROPPED
        else:
            if type(key) is str:
                parent.value[key] = node
            self._key = None

    def _take_key(self, parent: Node, key: str, style: str | None, mark: Mark) -> None:
        marks = parent.key_marks
        assert marks is not None  # noqa: S101 - only maps have keys, and every map has marks
        if self._questions and swallowed_question(self.source, mark):
            message = "a `?` right before a key, which YAML 1.2 takes for a part of it"
            self.report("yaml-syntax", message, mark, help="put the whole key in quotes")
        special = not style and (key in WORDS or key[0] in NUMERIC_STARTS or key == "<<")
        if special and not self._plain_key(key, mark):
            marks.setdefault(key, (self.source, mark))
            self._key = _DROPPED
            return
        first = marks.get(key)
        if first is not None:
            line = first[1][0] + 1
            message = f"the key {quoted(key)} is here for the second time"
            notes = (f"first on {self.source.file}:{line}:{first[1][1] + 1}",)
            help_line = f"remove one of the two, here or on line {line}"
            self.report("duplicate-key", message, mark, help=help_line, notes=notes)
            self._key = _DROPPED
            return
        marks[key] = (self.source, mark)
        self._key = key

    def _plain_key(self, key: str, mark: Mark) -> bool:
        """Whether a plain key that may be something else than text is text."""
        if key == "<<":
            message = "merge keys are not read"
            self.report("merge-key", message, mark, help="use `extends`")
            return False
        plain = WORDS[key] if key in WORDS else plain_number(key)
        if isinstance(plain.value, str):
            self._plain(plain, key, mark)
            return True
        shown = f"the key {quoted(key)} is" if key else "an empty key is"
        message = f"{shown} not text but {kind(plain.value)}"
        help_line = f'put it in quotes: "{key}"' if key else "write a key before the `:`"
        self.report("non-string-key", message, mark, help=help_line)
        return False

    def _complex_key(self, parent: Node, mark: Mark) -> None:
        line = self.source.line(mark[0] + 1)
        template = line[max(0, mark[1] - 1) :].startswith("{{")
        help_line = 'put a template in quotes: "{{ … }}"' if template else "keys are text"
        message = "a list or a map as a key"
        self.report("non-string-key", message, mark, help=help_line)
        assert parent.key_marks is not None  # noqa: S101 - as in _take_key
        parent.key_marks.setdefault("?", (self.source, mark))

    def _plain(self, plain: Plain, text: str, mark: Mark) -> Any:
        value, yaml11, refused = plain
        if yaml11 is not None:
            ours = "text" if isinstance(value, str) else f"the number {value}"
            message = f"{quoted(text)} is {ours} here and {yaml11} to readers of YAML 1.1"
            help_line = unambiguous(value, text)
            self.report(
                "yaml11-ambiguous",
                message,
                mark,
                severity=Severity.WARNING,
                help=help_line,
                fix=self._spelt_out(value, text, mark),
            )
        if refused is not None:
            self.report("bad-value", f"{quoted(text)} is {refused}", mark)
        return value

    def _spelt_out(self, value: object, text: str, mark: Mark) -> Fix | None:
        """The same value, written so that every reader reads it."""
        written = f'"{text}"' if isinstance(value, str) else str(value)
        return fix(f"write {written}", replace_plain(self.source, mark, text, written))

    def _surrogates(self, value: str, mark: Mark) -> None:
        # libyaml refuses such an escape itself, the parser in Python does not
        if any("\ud800" <= character <= "\udfff" for character in value):
            message = "an escape for half a character (U+D800 to U+DFFF)"
            self.report("yaml-syntax", message, mark, help="write the character itself")

    def _tag(self, tag: str, mark: Mark) -> None:
        message = f"the tag {quoted(tag)}: policies have no tags"
        self.report("yaml-tag", message, mark, help="remove it; quote a value that begins with `!`")

    def _anchor(self, event: Any, mark: Mark) -> None:
        if event.tag is None and torn_anchor(self.source, event.start_mark.index, event.anchor):
            message = f"the name of the anchor {quoted(event.anchor)} goes on, by YAML 1.2"
            self.report("yaml-syntax", message, mark, help="name it with letters and digits")

    def _expand(self, node: Node, mark: Mark) -> None:
        """Counts what an alias stands for, as if it were written out; stops at the limits."""
        below = len(self._stack)
        pending = [(node, below)]
        while pending:
            node, depth = pending.pop()
            self._expanded += 1
            if self._expanded > MAX_EXPANDED:
                message = f"aliases that stand for more than {MAX_EXPANDED:,} values"
                self._stop("alias-bomb", message, mark)
            value = node.value
            if type(value) is not list and type(value) is not dict:
                continue
            if depth >= MAX_DEPTH:
                message = f"aliases that nest lists and maps more than {MAX_DEPTH} deep"
                self._stop("yaml-too-deep", message, mark)
            children = value.values() if type(value) is dict else value
            pending += [(child, depth + 1) for child in children]


def _mark(event: Any) -> Mark:
    start, end = event.start_mark, event.end_mark
    return (start.line, start.column, end.line, end.column)
