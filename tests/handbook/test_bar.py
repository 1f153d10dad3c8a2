"""The bar of a prompt is full, in order, and shows what has to be seen."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from router.handbook.bar import Segment, widths

SEGMENTS = st.lists(
    st.builds(
        Segment,
        st.sampled_from(["constant", "varying", "schema"]),
        st.integers(0, 10**6),
        st.none(),
    ),
    min_size=1,
    max_size=60,
)


@given(SEGMENTS, st.lists(st.integers(0, 59), max_size=4))
def test_the_parts_fill_the_bar(segments: list[Segment], cached: list[int]) -> None:
    """Widths add up to the whole, and nothing that has a part disappears."""
    for place in cached:
        index = place % len(segments)
        segments[index] = segments[index]._replace(ttl="5m")
    found = widths(segments)
    assert abs(sum(found) - 100) < 1e-6
    assert min(found) > 1


@given(SEGMENTS)
def test_more_tokens_are_never_drawn_narrower(segments: list[Segment]) -> None:
    drawn = sorted(zip((one.tokens for one in segments), widths(segments), strict=True))
    assert all(left <= right + 1e-6 for (_, left), (_, right) in pairwise(drawn))


def test_a_breakpoint_has_room_for_its_name() -> None:
    """Two lifetimes after two tiny parts do not lie on each other."""
    tiny = Segment("constant", 1, "1h")
    assert min(widths([tiny, tiny._replace(ttl="5m"), Segment("varying", 10**6)])[:2]) == 8
