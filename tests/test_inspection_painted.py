"""An engraved score with colours and arcs, as a file."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from core.inspection import painted
from core.piano_notation import notate_piano
from core.render.notation import piano_svg, score_to_svg
from core.render.svg import SVG
from core.score import Note, Score

TIED = Score((Note(0, 1, 60), Note(1, 5, 62), Note(6, 1, 61), Note(7, 1, 66)), title="Tied")


@pytest.fixture(scope="module")
def drawing() -> str:
    return score_to_svg(TIED, page_width=360)


def group(svg: str, id_: str) -> Element:
    return next(one for one in ElementTree.fromstring(svg).iter(f"{{{SVG}}}g") if one.get("id") == id_)


def arcs_in(svg: str) -> list[Element]:
    paths = ElementTree.fromstring(svg).iter(f"{{{SVG}}}path")
    return [path for path in paths if path.find(f"{{{SVG}}}title") is not None]


def test_notes_have_their_colours_and_tied_ones_too(drawing: str) -> None:
    svg = painted(drawing, ["#112233", "#445566", "", "#778899"])
    assert [group(svg, id_).get("color") for id_ in ("n0", "n1", "n1t1", "n2", "n3")] == [
        "#112233", "#445566", "#445566", None, "#778899"
    ]  # fmt: skip
    assert group(svg, "n1t1").get("fill") == "#445566"
    assert svg.startswith("<?xml")
    assert "<title>Score of Tied</title>" in svg


def test_an_arc_leads_from_the_top_of_one_head_to_that_of_another(drawing: str) -> None:
    svg = painted(drawing, arcs=[(3, 0, 0.75), (3, 9, 1.0)])
    [arc] = arcs_in(svg)
    assert [title.text for title in arc] == ["Note 4 looked at note 1: 75 %"]
    start, top, end = (tuple(map(float, point.split()[-2:])) for point in around(arc))
    for point, id_ in ((start, "n3"), (end, "n0")):
        x, y = head(svg, id_)
        assert (x, y - 300) < point < (x + 240, y)  # a head is 226 wide and 180 high
        assert y - 300 < point[1] < y - 90
    assert top[1] < min(start[1], end[1])
    assert "stroke-width:71;" in arc.get("style", "")
    assert group(svg, "n3").get("color") != group(svg, "n0").get("color")


def around(arc: Element) -> list[str]:
    """The three points of an arc."""
    d = arc.get("d", "")
    start, _, rest = d[1:].partition("Q")
    numbers = rest.split()
    return [start, " ".join(numbers[:2]), " ".join(numbers[2:])]


def head(svg: str, id_: str) -> tuple[float, float]:
    use = group(svg, id_).find(f"{{{SVG}}}g/{{{SVG}}}use")
    assert use is not None
    x, _, y = use.get("transform", "").partition("(")[2].partition(")")[0].partition(", ")
    return float(x), float(y)


def test_piano_music_is_painted_on_both_staves() -> None:
    both = Score((Note(0, 1, 72), Note(0, 1, 40), Note(1, 1, 74), Note(1, 1, 43)))
    svg = painted(piano_svg(notate_piano(both)), ["#000001", "#000002", "#000003", "#000004"], [(3, 0, 0.5)])
    assert [group(svg, f"n{i}").get("color") for i in (0, 1, 2)] == ["#000001", "#000002", "#000003"]
    assert len(arcs_in(svg)) == 1


def test_what_is_not_drawn_is_left_out(drawing: str) -> None:
    assert ElementTree.canonicalize(painted(drawing)) == ElementTree.canonicalize(drawing)
