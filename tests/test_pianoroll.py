"""Piano rolls: the figure's numbers against the score's, and the thumbnail as a picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from core.formats.pitch_names import pitch_name
from core.render.pianoroll import (
    HIGHLIGHT,
    LOCKED,
    NOTE,
    VELOCITY_SCALE,
    pianoroll_figure,
    thumbnail_svg,
    velocity_figure,
)
from core.score import Note, Score

SCORE = Score((Note(0, 1, 67), Note(1.5, 0.5, 70), Note(2, 2, 60), Note(4, 1, 72)), qpm=60, key="Bb")


def notes_of(figure):
    return figure.data[-1]


def test_bars_are_the_notes_in_seconds():
    faster = Score(SCORE.notes, qpm=120)
    bars = notes_of(pianoroll_figure(faster))
    assert list(bars.base) == [0, 0.75, 1, 2]
    assert list(bars.x) == [0.5, 0.25, 1, 0.5]
    assert list(bars.y) == [67, 70, 60, 72]


def test_hover_says_name_length_and_time():
    bars = notes_of(pianoroll_figure(SCORE, locked={1}))
    index, name, onset, state = bars.customdata[1]
    assert (index, name, onset, state) == (1, "B♭4", 1.5, " · locked")
    assert bars.hovertemplate.startswith("%{customdata[1]} · %{x:.2f} s at %{customdata[2]:.2f} s")


def test_colours_say_what_a_note_is():
    colours = list(notes_of(pianoroll_figure(SCORE, highlight=[0], locked=[1], num_prompt=3)).marker.color)
    assert colours[:2] == [HIGHLIGHT, LOCKED]
    assert colours[3] == NOTE
    assert len(set(colours)) == 4


def test_all_is_within_the_axes_and_the_axis_is_named():
    figure = pianoroll_figure(SCORE, title="Tune")
    low, high = figure.layout.yaxis.range
    assert low < 60
    assert high > 72
    assert tuple(figure.layout.xaxis.range) == (0, 5)
    named = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert (named[60], named[72]) == ("C4", "C5")
    assert 70 not in named  # a black key
    assert figure.layout.title.text == "Tune"


def test_stripes_lie_under_the_black_keys():
    stripes = pianoroll_figure(SCORE).data[0]
    assert {pitch % 12 for pitch in stripes.y} == {1, 3, 6, 8, 10}
    assert stripes.hoverinfo == "skip"


def test_a_wide_range_names_the_cs_alone():
    figure = pianoroll_figure(Score((Note(0, 1, 30), Note(1, 1, 90))))
    assert list(figure.layout.yaxis.ticktext) == ["C2", "C3", "C4", "C5", "C6"]


def test_two_thousand_notes_are_one_trace():
    figure = pianoroll_figure(Score(tuple(Note(i, 1, 40 + i % 48) for i in range(2000))))
    assert len(figure.data) == 2
    assert len(notes_of(figure).y) == 2000
    assert not figure.layout.shapes


def test_no_colour_is_fixed_that_a_theme_should_choose():
    layout = pianoroll_figure(SCORE).layout
    assert layout.font.color is None
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_velocities_are_colours():
    chord = Score((Note(0, 1, 60, 30), Note(0, 2, 64, 64), Note(0, 4, 67, 100)), qpm=60)
    bars = notes_of(velocity_figure(chord, title="Chord"))
    assert list(bars.marker.color) == [30, 64, 100]
    assert bars.marker.colorbar.title.text == "velocity"
    assert bars.marker.cmin < 30 < 100 < bars.marker.cmax
    assert [tuple(row) for row in bars.customdata] == [(0, "C4", 0, 30), (1, "E4", 0, 64), (2, "G4", 0, 100)]
    assert "velocity %{customdata[3]}" in bars.hovertemplate
    assert list(bars.x) == [1, 2, 4]


def test_both_rolls_are_drawn_on_the_same_keyboard():
    melody, piano = pianoroll_figure(SCORE, title="Tune"), velocity_figure(SCORE, title="Tune")
    assert melody.layout == piano.layout
    assert melody.data[0] == piano.data[0]


@pytest.mark.parametrize("page", ["#ffffff", "#0e1117"])
def test_every_velocity_is_seen_on_light_and_dark_pages(page):
    """The contrast that WCAG asks of graphics is 3 to 1."""
    for _, colour in VELOCITY_SCALE:
        darker, lighter = sorted((luminance(colour), luminance(page)))
        assert (lighter + 0.05) / (darker + 0.05) >= 3


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("score", [Score(()), Score((Note(0, 1, 0),)), Score((Note(0, 1, 127),))])
def test_edges_are_drawn(score):
    pianoroll_figure(score).to_json()
    velocity_figure(score).to_json()
    ET.fromstring(thumbnail_svg(score))


@pytest.mark.parametrize(
    ("pitch", "key", "name"),
    [
        (60, "C", "C4"),
        (61, "D", "C♯4"),
        (61, "Fm", "D♭4"),
        (61, "Dm", "C♯4"),
        (66, "Gm", "F♯4"),
        (66, "Db", "G♭4"),
        (71, "Gb", "C♭5"),
        (60, "C#", "B♯3"),
        (0, "C", "C-1"),
        (127, "C", "G9"),
    ],
)
def test_pitch_names(pitch, key, name):
    assert pitch_name(pitch, key) == name


def test_the_thumbnail_draws_each_note_where_it_is():
    svg = ET.fromstring(thumbnail_svg(SCORE, width=100, height=34))
    path = svg.find("{http://www.w3.org/2000/svg}path")
    corners = [tuple(map(float, corner)) for corner in re.findall(r"M([\d.]+) ([\d.]+)h", path.get("d"))]
    assert [x for x, _ in corners] == [0, 30, 40, 80]  # 5 quarters are 100 wide
    rows = [y for _, y in corners]
    assert rows[3] < rows[1] < rows[0] < rows[2]  # higher is further up
    assert rows[2] - rows[3] == pytest.approx(12 * 34 / 17, abs=0.02)  # an octave of 17 rows


def test_the_thumbnail_takes_the_colour_of_the_text_and_has_a_label():
    text = thumbnail_svg(SCORE)
    svg = ET.fromstring(text)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Piano roll of 4 notes from C4 to C5, 5 seconds"
    assert "currentColor" in text
    assert "script" not in text
