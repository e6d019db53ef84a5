"""Melodies that go on: what is kept, how long they are, where they end, and that all that shows them agrees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.checkpoint import Checkpoint
from core.codecs import StepCodec
from core.codecs.step_text import parse_steps
from core.composition import Composition, note_alternatives, rewrite, tell, transpose, with_pitches
from core.continuation import MAX_BARS, Seed, bars_written, continue_melody, go_on_from, seed_of, seed_played
from core.errors import InputError
from core.files import WRITERS, read_score
from core.link import piece_to_query, query_to_piece
from core.project import json_to_project, project_to_json
from core.sampling import SamplingConfig
from core.score import Note, Score
from tests.conftest import tiny_checkpoint
from tests.test_step_text import melodies

CODEC = StepCodec()
MODEL = tiny_checkpoint("step-bilstm")
ENDLESS = tiny_checkpoint("step-gru-attention")
SEED = Seed(parse_steps("G4 A4 B4/2 r/2 D5*3/4", CODEC))
SAMPLING = SamplingConfig(temperature=0.9, seed=11)


def said(checkpoint: Checkpoint, symbol: str, bias: float) -> Checkpoint:
    """The same model with another liking for one symbol."""
    card, model, codec = checkpoint
    assert isinstance(codec, StepCodec)
    original = model.read
    wanted = torch.zeros(codec.vocab_size)
    wanted[codec.vocabulary.index(symbol)] = bias
    model.read = lambda windows: original(windows) + wanted
    return Checkpoint(card, model, codec)


NEVER_ENDS = said(ENDLESS, "/", -1e9)
ENDS_SOON = said(tiny_checkpoint("step-bilstm"), "/", 2.5)


def symbols_of(piece: Composition) -> list[str]:
    tokens = tell(CODEC, piece).encoded.tokens.tolist()
    return [CODEC.vocabulary[token] for token in tokens]


def one(checkpoint: Checkpoint, seed: Seed, num_bars: int = 2, at: int = 11, **chosen: object) -> Composition:
    return continue_melody(checkpoint, seed, num_bars, replace(SAMPLING, seed=at, **chosen))[0]


def played(score: Score) -> list[tuple[float, float, int]]:
    return [(round(note.onset, 3), round(note.duration, 3), note.pitch) for note in score.notes]


@settings(max_examples=25)
@given(melodies(), st.sampled_from([(4, 4), (3, 4), (6, 8)]), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 99))
def test_the_seed_is_kept_and_score_sound_and_tokens_agree(
    symbols: tuple[str, ...], metre: tuple[int, int], upbeat: float, random_seed: int
) -> None:
    seed = Seed(symbols, metre, upbeat, qpm=90)
    piece = one(MODEL, seed, 1, at=random_seed)
    assert symbols_of(piece)[: len(symbols)] == list(symbols)
    tokens = tell(CODEC, piece).encoded
    decoded = CODEC.decode(tokens)
    assert played(piece.written) == played(piece.performed) == played(decoded)
    assert (decoded.time_signature, decoded.upbeat) == (metre, upbeat) == (metre, piece.written.upbeat)
    heard = read_score(WRITERS[".mid"](piece.written, piece.performed, 0), "tune.mid")
    assert played(heard) == played(piece.written)
    assert heard.qpm == pytest.approx(90, abs=0.01)


@pytest.mark.parametrize(
    ("text", "metre", "upbeat", "num_bars", "quarters"),
    [
        ("G4 A4 B4 C5", (4, 4), 0.0, 2, 12.0),  # the seed ends on a bar line
        ("G4 A4 B4", (4, 4), 0.0, 2, 12.0),  # its last bar is made full
        ("G4 A4 B4 C5 D5/4", (4, 4), 0.0, 1, 12.0),
        ("D4 G4 A4 B4 C5", (4, 4), 1.0, 2, 13.0),  # an upbeat is no bar
        ("D4/2", (3, 4), 1.0, 2, 7.0),  # the seed ends within the upbeat
        ("G4*1.5 A4", (6, 8), 0.0, 3, 12.0),
    ],
)
def test_bars_are_counted(text: str, metre: tuple[int, int], upbeat: float, num_bars: int, quarters: float) -> None:
    piece = one(NEVER_ENDS, Seed(parse_steps(text, CODEC), metre, upbeat), num_bars)
    assert piece.continued is not None
    assert (piece.continued.length, piece.continued.ended) == (quarters, False)
    assert bars_written(piece) == (quarters - upbeat) / (4 * metre[0] / metre[1])
    assert piece.written.time_signature == metre


def test_it_stops_where_the_model_ends_the_song() -> None:
    pieces = continue_melody(ENDS_SOON, SEED, 8, SAMPLING, num=6)
    lengths = {piece.continued.length for piece in pieces}
    assert len(lengths) > 1
    assert all(piece.continued.ended for piece in pieces)
    assert all(len(SEED.symbols) / 4 <= length < 36 for length in lengths)
    assert all(symbols_of(piece)[-1] == "/" for piece in pieces)
    assert all(piece.written.duration <= piece.continued.length for piece in pieces)


def test_candidate_i_of_seed_s_is_seed_s_plus_i_alone() -> None:
    batch = continue_melody(NEVER_ENDS, SEED, 2, SAMPLING, num=3)
    assert batch == [one(NEVER_ENDS, SEED, at=11 + i) for i in range(3)]
    assert len({piece.pitches for piece in batch}) == 3
    assert one(NEVER_ENDS, SEED, num_beams=3, beam_prob=0.5) == one(NEVER_ENDS, SEED, num_beams=3, beam_prob=0.5)


def test_the_settings_and_the_given_notes_are_those_of_the_piece() -> None:
    piece = one(NEVER_ENDS, replace(SEED, qpm=72), 2, key="G", max_leap=5)
    assert (piece.num_given, piece.model, piece.written.qpm) == (4, "step-gru-attention.essen", 72)
    assert piece.sampling == replace(SAMPLING, key="G", max_leap=5)
    assert all(pitch % 12 in {7, 9, 11, 0, 2, 4, 6} for pitch in piece.pitches)


def test_every_step_is_reported() -> None:
    steps: list[tuple[int, int]] = []
    continue_melody(NEVER_ENDS, SEED, 1, SAMPLING, num=2, on_step=lambda done, total: steps.append((done, total)))
    assert steps == [(i, 64) for i in range(1, 65)]


def test_the_likelihood_is_that_of_what_was_not_given() -> None:
    piece = one(NEVER_ENDS, SEED, 1)
    again = with_pitches(NEVER_ENDS, piece, piece.pitches)
    assert again.log_likelihood < 0
    if "r" not in symbols_of(piece)[len(SEED.symbols) :]:  # a model may hold a rest, which says the same otherwise
        assert again.log_likelihood == pytest.approx(piece.log_likelihood, abs=1e-3)
    everything = Seed(tuple(symbols_of(piece)))
    ended = replace(piece, continued=replace(piece.continued, given=len(everything.symbols) / 4))
    assert with_pitches(NEVER_ENDS, ended, ended.pitches).log_likelihood == 0.0


def test_another_pitch_for_a_note_keeps_the_rhythm() -> None:
    piece = one(NEVER_ENDS, SEED)
    index = piece.num_given + 2
    found = note_alternatives(NEVER_ENDS, piece, index)
    assert piece.pitches[index] in [option.token for option in found]
    assert len({option.token for option in found}) == 8
    assert sum(option.prob_in_context for option in found) == pytest.approx(1)
    changed = rewrite(NEVER_ENDS, piece, index, found[-1].token)
    assert changed.beats == piece.beats
    assert [i for i, (a, b) in enumerate(zip(piece.pitches, changed.pitches, strict=True)) if a != b] in ([index], [])
    first = rewrite(NEVER_ENDS, piece, 1, 60)
    assert (first.num_given, first.continued.given) == (1, 1.0)


@pytest.mark.parametrize("network", ["step-vae", "step-vae-sequence"])
def test_a_vae_goes_on_as_well_and_says_no_likelihood(network: str) -> None:
    vae = tiny_checkpoint(network)
    piece = one(vae, SEED, num_bars=3)
    assert symbols_of(piece)[: len(SEED.symbols)] == list(SEED.symbols)
    assert piece == one(vae, SEED, num_bars=3) != one(vae, SEED, num_bars=3, at=12)
    assert piece.log_likelihood is None
    assert bars_written(piece) <= 4
    assert piece.continued is not None
    assert piece.continued.ended or bars_written(piece) == 4
    versions, _ = json_to_project(project_to_json([("made", piece)], 0).encode())
    assert versions == [("made", piece)]
    assert versions[0][1].log_likelihood is None
    assert transpose(vae, piece, 1).log_likelihood is None
    again = go_on_from(vae, piece, 3, seed=5)
    assert again.pitches[:3] == piece.pitches[:3]


def test_going_on_from_a_note() -> None:
    piece = replace(one(NEVER_ENDS, SEED, 3), title="Mine", program=40)
    index = piece.num_given + 3
    other = go_on_from(NEVER_ENDS, piece, index, seed=5)
    start = tell(CODEC, piece).places[index]
    assert symbols_of(other)[:start] == symbols_of(piece)[:start]
    assert other.pitches != piece.pitches
    assert (other.continued, other.num_given) == (piece.continued, piece.num_given)
    assert (other.title, other.program, other.sampling.seed) == ("Mine", 40, 5)
    assert go_on_from(NEVER_ENDS, piece, index, seed=5) == other
    within = go_on_from(NEVER_ENDS, piece, 2, seed=5)
    assert (within.num_given, within.continued.given) == (2, 2.0)
    with pytest.raises(InputError, match="first note has to stay"):
        go_on_from(NEVER_ENDS, piece, 0, seed=5)


def test_another_key_is_within_the_reach_of_the_model() -> None:
    piece = one(NEVER_ENDS, SEED, lowest=60, highest=80)
    moved = transpose(NEVER_ENDS, piece, 5)
    assert moved.pitches == tuple(pitch + 5 for pitch in piece.pitches)
    assert CODEC.decode(tell(CODEC, moved).encoded).pitches == moved.pitches
    with pytest.raises(InputError, match="out of the range of the model"):
        transpose(NEVER_ENDS, piece, 36)


def test_projects_and_links_keep_it() -> None:
    piece = continue_melody(ENDS_SOON, replace(SEED, upbeat=1.0), 4, SAMPLING)[0]
    [(_, opened)], _ = json_to_project(project_to_json([("made", piece)], 0).encode())
    assert opened == piece
    query = piece_to_query(piece)
    assert query is not None
    linked = query_to_piece(query)
    assert linked == piece
    assert with_pitches(ENDS_SOON, linked, linked.pitches).continued == piece.continued


@pytest.mark.parametrize("continued", ["8-4-0", "nan-8-1", "0-1e9-1", "1-2", "a-b-c", "-1-4-0"])
def test_a_damaged_link_is_said(continued: str) -> None:
    query = piece_to_query(one(MODEL, SEED))
    assert query is not None
    with pytest.raises(InputError, match=r"\.$"):
        query_to_piece({**query, "continued": continued})


@pytest.mark.parametrize("damage", [{"rhythm": "off the grid"}, {"pitches": "out of reach"}, {"continued": None}])
def test_a_piece_that_is_not_in_steps_is_said(damage: dict[str, object]) -> None:
    piece = one(MODEL, SEED)
    if "rhythm" in damage:
        shifted = tuple(note._replace(onset=note.onset + 0.1) for note in piece.beats.written.notes)
        piece = replace(piece, beats=replace(piece.beats, written=replace(piece.beats.written, notes=shifted)))
    elif "pitches" in damage:
        piece = replace(piece, pitches=(20, *piece.pitches[1:]))
    else:
        piece = replace(piece, continued=None)
    with pytest.raises(InputError, match="not in the steps"):
        tell(CODEC, piece)


@pytest.mark.parametrize(
    ("seed", "num_bars", "sentence"),
    [
        (Seed(("r", "r")), 4, "no note to go on from"),
        (Seed(()), 4, "no note to go on from"),
        (SEED, 0, "1 to 64 bars"),
        (SEED, MAX_BARS + 1, "1 to 64 bars"),
        (Seed(SEED.symbols, (1, 32)), 4, "A bar of 1/32 is no whole number of sixteenths"),
        (Seed(SEED.symbols, (64, 1)), 4, "over 512 quarters"),
    ],
)
def test_what_cannot_be_continued_is_said(seed: Seed, num_bars: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        continue_melody(MODEL, seed, num_bars, SAMPLING)


@pytest.mark.parametrize("facts", [{"time_signature": (4, 3)}, {"upbeat": 4.0}, {"upbeat": float("nan")}, {"qpm": 5.0}])
def test_a_seed_that_cannot_be_written_is_said(facts: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"\.$"):
        replace(SEED, **facts)


def test_a_model_of_pitches_on_a_rhythm_cannot_continue() -> None:
    with pytest.raises(InputError, match=r"beat-rnn\.essen puts pitches on a rhythm"):
        continue_melody(tiny_checkpoint("beat-rnn"), SEED, 2, SAMPLING)


def test_the_first_bars_of_a_tune_with_its_upbeat() -> None:
    pitches, lengths = (62, 67, 69, 71, 67, 72), (1, 1, 1.5, 0.5, 2, 1)
    onsets = [sum(lengths[:i]) for i in range(6)]
    notes = [Note(onset, length, pitch) for onset, length, pitch in zip(onsets, lengths, pitches, strict=True)]
    tune = Score((*notes, Note(9, 3, 79)), 100, (3, 4), upbeat=1)
    one_bar, two_bars = (" ".join(seed_of(tune, CODEC, num).symbols) for num in (1, 2))
    assert one_bar == "62 _ _ _ 67 _ _ _ 69 _ _ _ _ _ 71 _"
    assert two_bars == one_bar + " 67 _ _ _ _ _ _ _ 72 _ _ _"  # to the bar line
    assert " ".join(seed_of(tune, CODEC, 3).symbols) == two_bars + " r r r r r r r r 79 _ _ _"  # the note is cut
    whole = seed_of(tune, CODEC, label="it")
    assert (whole.num_notes, whole.time_signature, whole.upbeat, whole.qpm, whole.label) == (7, (3, 4), 1, 100, "it")


def test_silent_bars_before_a_melody_are_left_out_and_octaves_moved() -> None:
    notes = (Note(9, 1, 31), Note(10, 1.02, 33), Note(13, 4, 35))
    seed = seed_of(Score(notes), CODEC, num_bars=1)
    assert seed.symbols == ("r",) * 4 + ("43", "_", "_", "_", "45", "_", "_", "_") + ("r",) * 4
    with pytest.raises(InputError, match="no notes"):
        seed_of(Score(()), CODEC)
    with pytest.raises(InputError, match="take fewer bars"):
        seed_of(Score((Note(0, 1, 60), Note(600, 1, 60))), CODEC)


def test_what_is_played_lands_on_the_nearest_steps() -> None:
    sec = 60 / 100
    presses = [
        (0.0, 0.9 * sec, 67),
        (1.04 * sec, 1.45 * sec, 69),
        (1.47 * sec, 1.97 * sec, 71),
        (2.55 * sec, 3 * sec, 72),
    ]
    seed = seed_played(presses, CODEC, 100, (3, 4), place=-1.06)
    assert " ".join(seed.symbols) == "67 _ _ _ 69 _ 71 _ r r 72 _"
    assert (seed.qpm, seed.time_signature, seed.upbeat) == (100, (3, 4), 1.0)


@given(
    st.lists(st.tuples(st.floats(0, 2), st.floats(0.001, 3), st.integers(43, 96)), min_size=1, max_size=30),
    st.floats(-9, 9),
    st.sampled_from([(4, 4), (3, 4), (2, 4), (6, 8)]),
)
def test_whatever_is_played_is_a_melody(
    waits: list[tuple[float, float, int]], place: float, metre: tuple[int, int]
) -> None:
    presses, now = [], 0.0
    for wait, length, pitch in waits:
        down = now + (wait if presses else 0.0)
        now = down + length
        presses.append((down, now, pitch))
    seed = seed_played(presses, CODEC, 60, metre, place)
    assert seed.symbols[0].isdigit()
    assert 1 <= seed.num_notes <= len(presses)
    assert seed.symbols[0] == str(presses[0][2]) or seed.num_notes < len(presses)


def test_a_continued_melody_is_engraved(tmp_path: Path) -> None:
    piece = one(MODEL, Seed(SEED.symbols, (3, 4), 1.0), 2)
    svg = WRITERS[".svg"](piece.written, piece.performed, 0).decode()
    assert all(f'id="n{i}"' in svg for i in range(len(piece.pitches)))
