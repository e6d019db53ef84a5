"""Tunes as a network of characters reads them."""

from __future__ import annotations

import pytest
import torch

from core.codecs import AbcCharsCodec
from core.data.abc_transposed import transposed_text
from core.data.corpora import pieces_of
from core.data.datasets import CLEAN, training_slices, validation_sets
from core.data.piece import Piece
from core.data.tune_texts import TuneDataset, body_start, tune_text, with_loop
from core.data.windows import START
from core.formats.abc_notation import abc_to_score
from core.score import Note, Score

CODEC = AbcCharsCodec()
TUNE = "X:1\nT:Able Bee\nM:4/4\nL:1/8\nK:Ador\nA,B,C ^G,=c'|{d}B2 [K:G] ^c !turn!A|\nw: do re mi"


def test_up_a_degree_by_hand() -> None:
    moved = "X:1\nT:Able Bee\nM:4/4\nL:1/8\nK:Bdor\nB,CD ^A,=d'|{e}c2 [K:A] ^d !turn!B|\nw: do re mi"
    assert transposed_text(TUNE, 1) == moved
    assert transposed_text(moved, -1) == TUNE


def test_octaves_by_hand() -> None:
    assert transposed_text("X:1\nK:C\nB,B b C, c'", 1) == "X:1\nK:D\nCc c' D, d'"
    assert transposed_text("X:1\nK:C\nC c C,", -1).splitlines()[2] == "B, B B,,"


def test_an_accidental_does_what_it_did() -> None:
    # G major's F sharp is taken back, so is A major's G sharp; F major's B flat is raised; what the key says is said
    assert transposed_text("K:G\n=F", 1) == "K:A\n=G"
    assert transposed_text("K:C\n^F", 3) == "K:F\n=B"
    assert transposed_text("K:E\n^D", 1) == "K:F\n=E"


@pytest.mark.parametrize("text", ['K:G\n"Am"ABc', "K:none\nABc", "no tune at all", ""])
def test_what_cannot_be_moved_stays(text: str) -> None:
    assert transposed_text(text, 2) == text


@pytest.mark.parametrize("degrees", [-3, -1, 2])
def test_a_moved_tune_is_the_tune_in_another_key(degrees: int) -> None:
    """Diatonic steps move by one number of semitones wherever the new key has the same mode."""
    moved = 0
    for piece in pieces_of("irish", "valid")[:80]:
        text = transposed_text(piece.text, degrees)
        if not piece.score.notes or text == piece.text:
            continue
        after = abc_to_score(text)
        assert [note.onset for note in after.notes] == [note.onset for note in piece.score.notes]
        ways = {b.pitch - a.pitch for a, b in zip(piece.score.notes, after.notes, strict=True)}
        moved += len(ways) == 1
    assert moved > 50


def test_the_header_ends_with_the_key() -> None:
    assert TUNE[: body_start(TUNE)].endswith("K:Ador\n")
    assert body_start("no key") == 6


def test_the_text_of_a_piece_is_its_own_or_is_written() -> None:
    score = Score((Note(0, 1, 60), Note(1, 1, 62)))
    assert tune_text(Piece("a", score, text="X:1\nK:C\nC D")) == "X:1\nK:C\nC D"
    assert abc_to_score(tune_text(Piece("a", score))).pitches == (60, 62)
    assert tune_text(Piece("a", Score(()))) == ""


def test_slices_know_the_character_before_them() -> None:
    dataset = TuneDataset([TUNE], CODEC, length=10)
    whole = CODEC.encode_text(TUNE).tokens.tolist()
    torch.manual_seed(0)
    starts = set()
    for _ in range(60):
        tokens, condition, before, _ = dataset[0]
        assert condition.shape == (10, 0)
        [start] = [i for i in range(len(whole) - 9) if whole[i : i + 10] == tokens.tolist()]
        assert before == (whole[start - 1] if start else START)
        starts.add(start)
    assert len(starts) > 20


def test_a_loop_is_read_and_what_follows_it_is_foretold() -> None:
    text = "X:1\nK:C\nCDEF|GABc|defg|agfe|]"
    codec = AbcCharsCodec()
    torch.manual_seed(0)
    seen = set()
    for _ in range(300):
        looped, copies = with_loop(text)
        assert looped[: copies.start] + looped[copies.stop :] == text
        passage = looped[copies.start : copies.stop]
        seen.add(passage)
        assert passage.removeprefix("GABc|defg|").removeprefix("GABc|").removeprefix("defg|") != passage
        assert looped[: copies.start].endswith(passage[: len(passage) // passage.count(passage[:5])])
    assert {"GABc|", "GABc|GABc|", "defg|", "GABc|defg|"} <= seen
    item = TuneDataset([text], codec, length=500, looped=1.0)[0]
    assert item.learned is not None
    assert codec.text_of(item.tokens[:-1][item.learned[:-1]]) == text
    assert item.learned[-1], "the end is foretold"


def test_a_tune_without_bars_has_no_loop() -> None:
    assert with_loop("X:1\nK:C\nCDEF") == ("X:1\nK:C\nCDEF", slice(0, 0))


def test_tunes_are_measured_whole_with_their_end() -> None:
    pieces = [Piece("a", Score(()), text=TUNE), Piece("b", Score(()), text="")]
    sets = validation_sets(CODEC, "irish", pieces)
    assert list(sets) == [CLEAN]
    assert [item.tokens.tolist() for item in sets[CLEAN]] == [CODEC.encode_text(TUNE).tokens.tolist()]  # type: ignore[attr-defined]
    slices = training_slices(CODEC, "irish", pieces, 50, transposed=1.0)
    assert slices.lengths == [50, 50]
