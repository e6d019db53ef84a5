"""The figures of what goes on inside a model: cells, colours, places and names as they were asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.render.activations import (
    DARK,
    LIGHT,
    Scale,
    attention_map,
    bars,
    gate_lines,
    layer_map,
    lines_of,
    picture_options,
    precision_bars,
    scale_of,
    text_grid,
)

TEXT = "K:G\nGA B|\n"
VALUES = np.linspace(-1, 1, len(TEXT)).astype(np.float32)


def test_a_text_grid_writes_every_character_in_its_cell_and_breaks_lines_where_the_text_does() -> None:
    heat, cells = text_grid(list(TEXT), VALUES, scale_of(VALUES)).data
    assert [list(row) for row in heat.text] == [["K", ":", "G", "⏎", "", ""], ["G", "A", " ", "B", "|", "⏎"]]
    grid = np.asarray(heat.z)
    assert grid.dtype == np.float32
    np.testing.assert_array_equal(grid[0, :4], VALUES[:4])
    np.testing.assert_array_equal(grid[1], VALUES[4:])
    assert np.isnan(grid[0, 4:]).all()
    assert [(x, y) for x, y in zip(cells.x, cells.y, strict=True)][4] == (0, 1)
    assert tuple(cells.customdata[6][:2]) == (6, "7: ␣")
    assert cells.customdata[6][2] == pytest.approx(VALUES[6])


def test_cells_are_framed_where_asked_and_picked_only_if_they_may_be() -> None:
    figure = text_grid(list(TEXT), VALUES, scale_of(VALUES), here=[5], pickable=True)
    [frame] = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, 0.5, 1.5)
    assert figure.layout.clickmode == "event+select"
    assert text_grid(list(TEXT), VALUES, scale_of(VALUES)).layout.clickmode == "none"


def test_what_plotly_would_read_as_html_is_written_as_it_stands() -> None:
    heat = text_grid(["<b>", "&"], np.zeros(2), Scale(0, 1)).data[0]
    assert list(heat.text[0]) == ["&lt;b&gt;", "&amp;"]


@given(st.lists(st.sampled_from(["a", "\n", "F♯4", " "]), max_size=300))
def test_every_cell_stands_in_one_line_and_in_order(labels: list[str]) -> None:
    lines = lines_of(labels)
    assert [index for line in lines for index in line] == list(range(len(labels)))
    assert all("\n" not in [labels[index] for index in line][:-1] for line in lines)
    text_grid(labels, np.zeros(len(labels)), Scale(-1, 1))


def test_a_scale_is_even_about_nought_only_where_values_lie_below_it() -> None:
    assert scale_of(np.array([-0.2, 0.5]))[:2] == (-0.5, 0.5)
    assert scale_of(np.array([0.1, 0.5]), np.array([0.75]))[:2] == (0.0, 0.75)
    assert scale_of(np.zeros(3))[:2] == (0.0, 1.0)
    assert scale_of(np.array([np.nan, np.inf]))[:2] == (0.0, 1.0)
    assert scale_of()[:2] == (0.0, 1.0)


@pytest.mark.parametrize(("dark", "colours"), [(False, LIGHT), (True, DARK)])
def test_the_ends_and_the_middle_of_a_scale_have_its_own_colours(dark: bool, colours: tuple[str, str, str]) -> None:
    assert Scale(-2, 2, dark).colours(np.array([-2.0, 0.0, 2.0, 9.0])) == [*colours, colours[2]]
    assert Scale(0, 2, dark).colours(np.array([0.0, 2.0])) == list(colours[1:])
    assert Scale(-2, 2, dark, "#888888").colours(np.array([0.0])) == ["#888888"]


def test_a_layer_has_a_row_for_each_unit_in_the_order_asked_for_and_names_no_two_places_alike() -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    [heat] = layer_map(list("abab"), values, scale_of(values), units=[2, 0]).data
    np.testing.assert_array_equal(np.asarray(heat.z), values[:, [2, 0]].T)
    assert list(heat.y) == ["2", "0"]
    assert list(heat.x) == ["1: a", "2: b", "3: a", "4: b"]
    assert np.asarray(layer_map(list("abab"), values, scale_of(values)).data[0].z).shape == (3, 4)


def test_a_click_on_a_row_tells_its_unit_in_whatever_order_they_stand() -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    figure = layer_map(list("abab"), values, scale_of(values), units=[2, 0, 1], here=0, pickable=True)
    heat, points = figure.data
    assert list(heat.y) == ["2", "0", "1"]
    assert [tuple(one) for one in points.customdata] == [(2,), (0,), (1,)]
    assert list(points.y) == [0, 1, 2]
    [frame] = figure.layout.shapes
    assert (frame.y0, frame.y1) == (0.5, 1.5)
    assert not layer_map(list("abab"), values, scale_of(values), here=3).layout.shapes


def test_a_large_layer_travels_in_binary() -> None:
    values = np.random.default_rng(0).standard_normal((1000, 512))
    [heat] = layer_map(["a"] * 1000, values, scale_of(values)).data
    assert heat.to_plotly_json()["z"].dtype == np.float32
    assert len(layer_map(["a"] * 1000, values, scale_of(values)).to_json()) < 4e6  # as text it would be ten


def test_attention_is_drawn_from_nought() -> None:
    weights = np.array([[0, 0], [0.75, 0]], dtype=np.float32)
    [heat] = attention_map(["a", "b"], weights).data
    np.testing.assert_array_equal(np.asarray(heat.z), weights)
    assert (heat.zmin, heat.zmax) == (0, 0.75)
    assert attention_map(["a"], np.zeros((1, 1), np.float32)).data[0].zmax > 0


def test_gates_stand_above_the_state() -> None:
    figure = gate_lines(["a", "b"], {"input": np.array([0.1, 0.9])}, {"holds": np.array([-2.0, 3.0])})
    assert [(line.name, line.yaxis) for line in figure.data] == [("input", "y"), ("holds", "y2")]
    np.testing.assert_allclose(np.asarray(figure.data[1].y), [-2, 3])


def test_bars_keep_names_apart_and_show_which_one_is_there() -> None:
    [columns] = bars(["A", " ", "A"], [0.5, 0.3, 0.2], chosen=2).data
    assert list(columns.y) == ["A", "␣", "A (2)"]
    assert columns.marker.color[2] != columns.marker.color[0] == columns.marker.color[1]


def test_precision_shows_only_what_is_known() -> None:
    known = precision_bars(["a"], [0.9], [0.8], 0.3, 0.2)
    assert [one.name for one in known.data] == ["training pieces", "validation pieces", "shuffled labels", "any order"]
    unknown = precision_bars(["a"], [0.9], [None], None, 0.2)
    assert [one.name for one in unknown.data] == ["training pieces", "any order"]


def test_pictures_are_saved_in_the_format_asked_for() -> None:
    assert picture_options("a", "svg")["toImageButtonOptions"] == {"format": "svg", "filename": "a", "scale": 1}
