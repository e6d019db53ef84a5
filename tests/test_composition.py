from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.beats import Beats, join
from core.codecs import BeatCodec
from core.composition import Composition, compose, note_alternatives, recompose, rewrite, with_pitches
from core.errors import InputError
from core.formats.pitch_names import parse_pitches, pitch_name
from core.generate import blank, candidates
from core.link import (
    MAX_LINK_CHARACTERS,
    LinkError,
    deflated,
    pack,
    piece_to_query,
    query_to_piece,
    query_to_tune,
    tune_to_query,
    unpack,
)
from core.project import json_to_project, project_to_json
from core.rhythm import Rhythm
from core.sampling import AUTO, FREE, SamplingConfig
from core.score import Note, Score, monophonic
from tests.conftest import MELODY, tiny_checkpoint

CHECKPOINT = tiny_checkpoint()
TAPPED = Beats.from_rhythm(Rhythm((0.0, 0.0214, 0.4, 0.0), (0.25, 0.7333, 0.31, 1.2)))
SAMPLING = SamplingConfig(temperature=0.9, top_p=0.95, seed=11)


def piece_on(beats: Beats, **settings: object) -> Composition:
    return compose(CHECKPOINT, beats, replace(SAMPLING, **settings))[0]


@pytest.mark.parametrize("num_beams", [1, 3])
def test_candidate_i_of_seed_s_is_seed_s_plus_i_alone(num_beams: int) -> None:
    beats = Beats.from_score(MELODY)
    settings = replace(SAMPLING, num_beams=num_beams, beam_prob=0.4)
    batch = compose(CHECKPOINT, beats, settings, num=4)
    alone = [compose(CHECKPOINT, beats, replace(settings, seed=11 + i))[0] for i in range(4)]
    assert batch == alone
    assert len({piece.pitches for piece in batch}) > 1


def test_given_notes_come_first_and_are_not_counted() -> None:
    piece = compose(CHECKPOINT, TAPPED, SAMPLING, given=(67, 69, 71))[0]
    assert piece.pitches[:3] == (67, 69, 71)
    whole = compose(CHECKPOINT, TAPPED, SAMPLING, given=piece.pitches)[0]
    assert whole.pitches == piece.pitches
    assert whole.log_likelihood == 0.0 > piece.log_likelihood


def test_more_given_notes_than_the_rhythm_has_is_said() -> None:
    with pytest.raises(InputError, match="5 first notes for a rhythm of 4"):
        compose(CHECKPOINT, TAPPED, SAMPLING, given=(60,) * 5)


def test_performed_times_are_the_rhythms_own() -> None:
    piece = piece_on(TAPPED)
    sec = 60 / piece.performed.qpm
    onsets = [note.onset * sec for note in piece.performed.notes]
    assert onsets == pytest.approx(TAPPED.performed.onset_sec, abs=1e-9)
    assert len(piece.written.notes) == len(piece.performed.notes)


def test_another_tempo_plays_slower_and_changes_no_note() -> None:
    piece = piece_on(Beats.from_score(MELODY))
    slow = replace(piece, qpm=50.0)
    assert slow.pitches == piece.pitches
    assert slow.performed.duration * 60 / 50 == pytest.approx(2 * piece.performed.duration * 60 / 100)


def test_rewriting_changes_one_note_and_its_likelihood() -> None:
    piece = piece_on(TAPPED)
    other = (piece.pitches[1] + 1) % 128
    changed = rewrite(CHECKPOINT, piece, 1, other)
    assert changed.pitches == (piece.pitches[0], other, *piece.pitches[2:])
    assert changed.log_likelihood != piece.log_likelihood


def test_locked_notes_stay() -> None:
    piece = replace(piece_on(Beats.from_score(MELODY)), locked=frozenset({2, 4}))
    for seed in range(5):
        again = recompose(CHECKPOINT, piece, range(1, 7), seed)
        assert [again.pitches[i] for i in (0, 2, 4)] == [piece.pitches[i] for i in (0, 2, 4)]
    with pytest.raises(InputError, match="locked"):
        rewrite(CHECKPOINT, piece, 2, 60)
    with pytest.raises(InputError, match="locked"):
        recompose(CHECKPOINT, piece, [2, 4], 0)


def test_a_passage_is_written_between_what_stands_around_it() -> None:
    piece = piece_on(Beats.from_score(MELODY))
    again = recompose(CHECKPOINT, piece, range(2, 4), seed=5)
    assert again.pitches[:2] == piece.pitches[:2]
    assert again.pitches[4:] == piece.pitches[4:]
    assert again == recompose(CHECKPOINT, piece, range(2, 4), seed=5)


def test_alternatives_are_probabilities_by_hand() -> None:
    piece = piece_on(TAPPED)
    found = note_alternatives(CHECKPOINT, piece, 1, num=128)
    assert sorted(option.token for option in found) == list(range(128))
    assert sum(option.prob for option in found) == pytest.approx(1, abs=1e-4)
    assert sum(option.prob_in_context for option in found) == pytest.approx(1, abs=1e-4)
    # what a pitch makes of the whole piece, by rewriting it
    totals = {o.token: rewrite(CHECKPOINT, piece, 1, o.token).log_likelihood for o in found[:5]}
    first = found[0]
    for option in found[1:5]:
        odds = torch.tensor(option.prob_in_context / first.prob_in_context).log().item()
        assert odds == pytest.approx(totals[option.token] - totals[first.token], abs=1e-3)


def test_alternatives_hold_the_note_that_stands() -> None:
    piece = rewrite(CHECKPOINT, piece_on(TAPPED), 3, 127)
    assert 127 in [option.token for option in note_alternatives(CHECKPOINT, piece, 3, num=4)]


@pytest.mark.parametrize("beats", [TAPPED, Beats.from_score(MELODY)], ids=["tapped", "written"])
def test_a_link_and_a_project_bring_back_the_piece(beats: Beats) -> None:
    piece = replace(piece_on(beats), locked=frozenset({1, 3}), title="A & B = ü", qpm=88.0, program=40, num_given=2)
    query = piece_to_query(piece)
    assert query is not None
    assert query_to_piece(query) == piece
    versions, current = json_to_project(project_to_json([("one", piece), ("two", piece)], 1).encode())
    assert (versions, current) == ([("one", piece), ("two", piece)], 1)


def test_a_link_of_256_notes_is_short_and_a_longer_piece_has_none() -> None:
    score = Score(tuple(Note(i * 0.5 + 0.37 * (i % 3 == 0), 0.1 + 0.01 * (i % 7), 60) for i in range(257)))
    beats = Beats.from_rhythm(Rhythm.from_score(score))
    assert piece_to_query(piece_on(beats)) is None
    query = piece_to_query(piece_on(beats.cut(256)))
    assert query is not None
    assert sum(map(len, query.values())) < 2000
    assert query_to_piece(query) == piece_on(beats.cut(256))


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "model",
                "rhythm",
                "notes",
                "seed",
                "temperature",
                "locked",
                "qpm",
                "metre",
                "upbeat",
                "given",
                "tempo",
                "instrument",
            ]
        ),
        st.text(max_size=40),
    )
)
def test_a_hand_edited_link_is_a_piece_or_an_input_error(edits: dict[str, str]) -> None:
    query = piece_to_query(piece_on(Beats.from_score(MELODY)))
    assert query is not None
    with suppress(InputError):  # and nothing else
        query_to_piece(query | edits)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "[" * 100_000,
        '{"format": "tunesmith project", "version": 1, "current": 0, "versions": []}',
        "\x00",
        "NaN",
    ],
)
def test_a_damaged_project_is_one_sentence(text: str) -> None:
    with pytest.raises(InputError, match="not a project file"):
        json_to_project(text.encode())


@given(st.data())
def test_a_project_with_wrong_values_is_a_piece_or_an_input_error(data: st.DataObject) -> None:
    values = json.loads(project_to_json([("one", piece_on(TAPPED))], 0))
    target = values["versions"][0]["piece"]
    name = data.draw(st.sampled_from(sorted(target)))
    target[name] = data.draw(
        st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.floats(), max_size=3))
    )
    with suppress(InputError):  # and nothing else
        json_to_project(json.dumps(values).encode())


NO_READING = [
    {"qpm": float("nan")}, {"qpm": float("inf")}, {"qpm": -5}, {"qpm": 0}, {"qpm": 1e9}, {"upbeat": -1},
    {"time_signature": [10**18, 7]}, {"time_signature": [65, 4]}, {"time_signature": [3, -4]}, {"upbeat": 1e300},
    {"time_signature": [3, 4], "upbeat": 3},
]  # fmt: skip


@pytest.mark.parametrize("reading", NO_READING)
def test_a_project_whose_rhythm_cannot_be_read_so_is_refused(reading: dict[str, object]) -> None:
    """What is on the desk may be cut, and its tempo halved, whenever the page is drawn."""
    usual = {"qpm": 90.0, "time_signature": [3, 4], "upbeat": 1.0}
    values = json.loads(project_to_json([("one", piece_on(TAPPED))], 0))
    values["rhythms"][0] |= usual
    (_, piece), *_ = json_to_project(json.dumps(values).encode())[0]
    assert piece.beats.reading.given == {**usual, "time_signature": (3, 4)}
    values["rhythms"][0] |= reading
    with pytest.raises(InputError, match="not a project file"):
        json_to_project(json.dumps(values).encode())


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_nowhere_in_a_project(name: str) -> None:
    text = project_to_json([("one", piece_on(TAPPED))], 0)
    with pytest.raises(InputError, match="not a project file"):
        json_to_project(text.replace("{", f'{{"unread":{name},', 1).encode())


def test_a_project_that_would_take_much_memory_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="larger than 5 MB; "):
        json_to_project(b"[" + b"{}," * 1_700_000 + b"{}]")


@given(st.lists(st.integers(0, 2**40), max_size=300))
def test_packing_whole_numbers(numbers: list[int]) -> None:
    assert unpack(pack(numbers)) == numbers


def test_a_zip_bomb_in_a_link_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        unpack(pack([0] * 1_000_000))


@pytest.mark.parametrize(("text", "pitches"), [
    ("G4 A4 B4", (67, 69, 71)), ("c4, F#3; Bb5", (60, 54, 82)), ("60 127|0", (60, 127, 0)), ("", ()),
    ("C-1 G9", (0, 127)),
])  # fmt: skip
def test_pitches_are_read(text: str, pitches: tuple[int, ...]) -> None:
    assert parse_pitches(text) == pitches


@pytest.mark.parametrize(
    ("text", "wrong"), [("G4 H4", "H4"), ("G", "G"), ("128", "128"), ("A#9", "A#9"), ("60.5", "60.5"), ("-1", "-1")]
)
def test_a_wrong_pitch_is_named(text: str, wrong: str) -> None:
    with pytest.raises(InputError, match=f"'{wrong}'"):
        parse_pitches(text)


@given(st.integers(0, 127), st.sampled_from(["C", "F", "Gm", "B"]))
def test_pitch_names_are_read_back(pitch: int, key: str) -> None:
    assert parse_pitches(pitch_name(pitch, key)) == (pitch,)


def test_joined_melodies_begin_on_new_bars() -> None:
    upbeat = Score((Note(0, 1, 60), Note(1, 3, 62)), time_signature=(3, 4), upbeat=1.0)
    joined = join([upbeat, upbeat, upbeat], 5)
    assert [note.onset for note in joined.notes] == [0, 1, 6, 7, 12]


def test_no_notes_are_monophonic() -> None:
    assert monophonic(Score(())).notes == ()


def test_monophonic_by_hand() -> None:
    chord = Score((Note(0, 4, 48), Note(0, 2, 60), Note(1, 1, 55), Note(3, 1, 64)))
    assert monophonic(chord).notes == (Note(0, 1, 60), Note(1, 1, 55), Note(3, 1, 64))


def test_blank_leaves_the_rest_free() -> None:
    assert blank(4, (60, 62)).tolist() == [60, 62, FREE, FREE]


def test_batch_and_progress() -> None:
    seen: list[tuple[int, int]] = []
    fixed = blank(3)
    condition = BeatCodec().encode(MELODY).condition
    assert condition is not None
    candidates(
        CHECKPOINT, fixed, 2, condition=condition[:3], sampling=SAMPLING, on_step=lambda a, b: seen.append((a, b))
    )
    assert seen == [(step, 6) for step in range(1, 7)]


def test_the_likelihood_of_a_piece_is_told_with_the_trust_that_it_was_drawn_with() -> None:
    checkpoint = tiny_checkpoint("beat-lstm-echo")
    with torch.no_grad():
        checkpoint.model.gain.bias += 4
    piece = compose(checkpoint, Beats.from_score(MELODY), replace(SAMPLING, echo=0.2))[0]
    again = with_pitches(checkpoint, piece, piece.pitches)
    assert again.log_likelihood == pytest.approx(piece.log_likelihood, rel=1e-5)
    as_learned = with_pitches(checkpoint, replace(piece, sampling=SAMPLING), piece.pitches)
    assert as_learned.log_likelihood != pytest.approx(piece.log_likelihood, rel=1e-3)


def test_a_given_note_written_anew_is_no_longer_the_users_own() -> None:
    piece = compose(CHECKPOINT, Beats.from_score(MELODY), SAMPLING, given=(67, 69, 71))[0]
    assert rewrite(CHECKPOINT, piece, 5, 60).num_given == 3
    assert rewrite(CHECKPOINT, piece, 1, 60).num_given == 1


def test_without_a_seed_one_is_drawn_and_told() -> None:
    drawn = compose(CHECKPOINT, TAPPED, SamplingConfig())[0]
    assert drawn.sampling.seed is not None
    assert compose(CHECKPOINT, TAPPED, drawn.sampling)[0] == drawn


@pytest.mark.parametrize("name", ["title", "model"])
def test_half_a_character_in_a_project_is_replaced(name: str) -> None:
    values = json.loads(project_to_json([("one", piece_on(TAPPED))], 0))
    values["versions"][0]["piece"][name] = "\ud800"
    [(_, opened)], _ = json_to_project(json.dumps(values).encode())
    assert getattr(opened, name) == "?"


def test_a_control_character_in_a_title_is_a_space() -> None:
    assert replace(piece_on(TAPPED), title="a\x07b\ufffe").title == "a b "


def test_a_link_with_an_upbeat_longer_than_a_bar_is_refused() -> None:
    query = piece_to_query(piece_on(Beats.from_score(MELODY)))
    assert query is not None
    with pytest.raises(InputError, match="rhythm in this link"):
        query_to_piece(query | {"upbeat": "99999999"})


def test_a_piece_keeps_to_a_key_a_range_and_a_leap() -> None:
    aids = SamplingConfig(temperature=1.5, seed=3, key="Bb", lowest=60, highest=74, max_leap=4)
    pitches = compose(CHECKPOINT, Beats.from_score(MELODY), aids)[0].pitches
    assert {pitch % 12 for pitch in pitches} <= {10, 0, 2, 3, 5, 7, 9}
    assert 60 <= min(pitches) <= max(pitches) <= 74
    assert max(abs(b - a) for a, b in pairwise(pitches)) <= 4


def test_the_key_found_is_said_and_draws_the_same_again() -> None:
    piece = compose(CHECKPOINT, TAPPED, replace(SAMPLING, key=AUTO))[0]
    assert piece.sampling.key not in ("", AUTO)
    assert compose(CHECKPOINT, TAPPED, piece.sampling)[0].pitches == piece.pitches


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_the_text_of_a_tune_comes_back_from_an_address(text: str) -> None:
    query = tune_to_query(text, "char-rnn.abc-songs")
    assert query is not None
    assert query["tune"].isascii()
    assert query_to_tune(query) == text


@pytest.mark.parametrize("length", [0, MAX_LINK_CHARACTERS + 1])
def test_no_address_holds_a_tune_of_no_or_too_many_characters(length: int) -> None:
    assert tune_to_query("A" * length, "m") is None
    with pytest.raises(LinkError):
        query_to_tune({"tune": deflated(b"A" * length)})


@pytest.mark.parametrize("tune", ["", "é", "AAAA", deflated(b"A" * 10**7), deflated(b"\xff"), deflated(b"X:1")[:-3]])
def test_what_is_no_tune_in_an_address_is_one_sentence(tune: str) -> None:
    with pytest.raises(LinkError, match="does not hold a whole tune"):
        query_to_tune({"tune": tune})
