"""The page in a real browser: quiet, alone, and readable on every screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from router.handbook import page

from .conftest import ROOTS, Browser, browser_here, opened

HERE = browser_here()
pytestmark = pytest.mark.skipif(HERE is None, reason="no chromium on this machine")

TOO_WIDE = """[...document.querySelectorAll("body *")]
    .filter(e => !e.closest(".jump, caption, thead, nav") && e.getClientRects().length)
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.tagName + " " + e.textContent.slice(0, 60))"""
# A picture's text lies in a box, or, where it labels a way, at least inside of the picture.
TEXT_OUTSIDE = """[...document.querySelectorAll("svg.ladder text, svg.bar text")].filter(text => {
    const svg = text.ownerSVGElement, own = text.getBoundingClientRect();
    const boxed = text.matches(".name, .fact");
    const around = boxed
        ? [...svg.querySelectorAll("rect")].map(r => r.getBoundingClientRect())
        : [svg.getBoundingClientRect()];
    return !around.some(r => own.left >= r.left - .5 && own.right <= r.right + .5
        && own.top >= r.top - 1 && own.bottom <= r.bottom + 1);
}).map(text => text.textContent)"""
COLLIDING = """[...document.querySelectorAll("svg.ladder, svg.bar")].flatMap(svg => {
    const texts = [...svg.querySelectorAll("text")].map(t => [t, t.getBoundingClientRect()]);
    return texts.filter(([t, a], i) => texts.slice(i + 1).some(([u, b]) =>
        a.left < b.right - 1 && b.left < a.right - 1
        && a.top + a.height * .3 < b.bottom - b.height * .3
        && b.top + b.height * .3 < a.bottom - a.height * .3)).map(([t]) => t.textContent);
})"""

# On a narrow screen a cell's label is drawn from ::before, beside the cell's text or above it.
ON_ITS_LABEL = """[...document.querySelectorAll("td[data-label]")].flatMap(cell => {
    const own = getComputedStyle(cell, "::before"), box = cell.getBoundingClientRect();
    if (own.content === "none" || !box.height) return [];
    const right = box.left + parseFloat(own.left) + parseFloat(own.width);
    const bottom = box.top + parseFloat(own.height);
    const range = document.createRange();
    range.selectNodeContents(cell);
    const over = [...range.getClientRects()].some(r =>
        r.width && r.left < right - 1 && r.top < bottom - 2 && r.bottom > box.top + 2);
    return over || bottom > box.bottom + 2 ? [cell.dataset.label + ": " + cell.textContent] : [];
})"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    assert HERE is not None
    with opened(HERE, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def written(edition_of, many, tmp_path_factory) -> Callable[[str], Path]:
    """The page of a set, in a file."""
    home = tmp_path_factory.mktemp("pages")

    def run(name: str) -> Path:
        path = home / f"{name}.html"
        if not path.exists():
            edition = many if name == "many" else edition_of(ROOTS[name])
            path.write_text(page(edition), "utf-8")
        return path

    return run


@pytest.fixture(params=["starter", "quickstart", "conversation", "many"])
def file(request, written) -> Path:
    return written(request.param)


@pytest.fixture
def starter(written) -> Path:
    return written("starter")


@pytest.mark.parametrize("width", [360, 500, 768, 1280])
def test_the_page_fits_its_screen(browser: Browser, file: Path, width: int) -> None:
    """Nothing has to be scrolled sideways, and no text is cut or lies on another."""
    browser.show(file, width=width)
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask(TOO_WIDE) == []
    assert browser.ask(TEXT_OUTSIDE) == []
    assert browser.ask(COLLIDING) == []
    assert browser.ask(ON_ITS_LABEL) == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, file: Path, dark: bool
) -> None:
    """One request, for the page itself; an empty console; the ground follows the reader's wish."""
    browser.requests.clear()
    browser.complaints.clear()
    browser.show(file, width=1280, dark=dark)
    assert browser.requests == [file.as_uri()]
    assert browser.complaints == []
    ground = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 23, 28)" if dark else "rgb(255, 255, 255)")


def test_what_does_not_fit_would_be_seen(browser: Browser, starter: Path) -> None:
    """The checks above can fail: a name too long for its box, one over another, a cell on
    its label, a wide block."""
    browser.show(starter, width=360)
    browser.ask("document.querySelector('svg.ladder .name').textContent = 'x'.repeat(60)")
    assert browser.ask(TEXT_OUTSIDE) == ["x" * 60]
    browser.ask("document.querySelector('svg.ladder .fact').setAttribute('y', 24)")
    assert browser.ask(COLLIDING) != []
    browser.ask("document.querySelector('td.number').style.padding = '0'")
    assert len(browser.ask(ON_ITS_LABEL)) == 1
    browser.ask("document.querySelector('.lead').style.width = '900px'")
    assert browser.ask(TOO_WIDE) != []


def test_a_console_error_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    """The test above can fail: a page that breaks its own policy is caught."""
    bad = tmp_path / "bad.html"
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    bad.write_text(f"<!doctype html>{policy}<script>1</script><img src=x.png>", "utf-8")
    browser.complaints.clear()
    browser.show(bad, width=1280)
    assert len(browser.complaints) == 2


def test_links_lead_into_the_page(browser: Browser, starter: Path) -> None:
    """The last task's link in the contents brings its heading into view."""
    browser.show(starter, width=1280)
    browser.ask("[...document.querySelectorAll('nav ul ul a')].at(-1).click()")
    top = browser.ask("document.querySelector(':target h3').getBoundingClientRect().top")
    assert 0 <= top <= 900


def test_the_page_prints(browser: Browser, starter: Path) -> None:
    """A PDF comes out, without the contents, on white also where the screen is dark."""
    browser.show(starter, width=1280, dark=True)
    assert browser.print().startswith(b"%PDF-")
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.call("Emulation.setEmulatedMedia", media="")


def test_the_picture_of_a_page_is_not_blank(browser: Browser, starter: Path) -> None:
    """A screenshot is drawn: a blank one of this size would be a few kilobytes."""
    browser.show(starter, width=1280)
    shot = browser.picture(width=1280)
    assert shot.startswith(b"\x89PNG")
    assert len(shot) > 40_000
