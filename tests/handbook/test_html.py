"""Text stays text: what is put into an element comes out of a parser as it went in."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from router.handbook.html import el, joined, render

FIT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufffd"), max_size=60
)


class Read(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(FIT)
def test_text_and_attributes_survive_a_parser(text: str) -> None:
    read = Read(render(el("b", text, title=text)))
    assert read.tags == [("b", {"title": text})]
    assert read.text == text


def test_what_no_page_may_hold_is_replaced() -> None:
    """Controls, halves of pairs and noncharacters would break the file or a parser."""
    assert render(el("b", "a\x00b\ud800c\x1bd\uffffe")) == "<b>a\ufffdb\ufffdc\ufffdd\ufffde</b>"


def test_names_of_attributes_are_spelt_for_python() -> None:
    built = el("td", 3, None, class_="n", data_label="x", title=None, width=1.5)
    assert render(built) == '<td class="n" data-label="x" width="1.5">3</td>\n'


def test_void_elements_have_no_end() -> None:
    assert render(el("meta", charset="utf-8")) == '<meta charset="utf-8">\n'


def test_lists_are_joined_with_commas() -> None:
    assert render(joined(el("b", name) for name in "ab")) == "<b>a</b>, <b>b</b>"
