"""What a trace says of a network is what the network does."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

import models.attention
import models.echo
from core.beats import Beats
from core.checkpoint import Checkpoint
from core.codecs import AbcCharsCodec, Encoded, StepCodec
from core.composition import Composition
from core.data.piece import Piece
from core.errors import InputError
from core.formats.midi import score_to_midi
from core.inspection import Subject, labels, performance_of, subject, trace, units_of
from core.inspection.activations import activations
from core.inspection.gates import States, look_inside
from core.inspection.subject import END
from core.inspection.trace import MAX_TOKENS
from core.latent import encode_window, first_window, is_latent
from core.likelihood import token_log_probs
from core.sampling import SamplingConfig
from core.score import Note, Score
from models import ARCHITECTURES
from models.attention import Attention
from models.char_rnn import CharRnn, CharRnnConfig
from models.probe import Look, listening, tell_attention
from tests.conftest import MELODY, tiny_checkpoint

LATENT = ("step-vae", "step-vae-sequence")
STEPPED = [name for name in ARCHITECTURES if name not in LATENT]
every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)
every_next_token_architecture = pytest.mark.parametrize("name", STEPPED)

LONG = Score(tuple(Note(i * 0.5, 0.5, 60 + (7 * i) % 12) for i in range(150)), time_signature=(3, 4))
"""longer than the blocks in which attention is found"""

TUNE = "X:1\nT:Two bars\nM:4/4\nL:1/8\nK:G\nG2A2 ^c2d2|z4 [Bd]4|]"


def encoded_for(checkpoint: Checkpoint, score: Score = MELODY) -> Encoded:
    return subject(checkpoint, score).encoded


# what a trace holds


@every_architecture
def test_layers_are_those_that_units_of_names(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    encoded = encoded_for(checkpoint)
    traced, num = trace(checkpoint, encoded), len(encoded.tokens)
    expected = {layer: (num, units) for layer, units in units_of(checkpoint.model).items()}
    assert {layer: tuple(values.shape) for layer, values in traced.layers.items()} == expected
    assert list(traced.layers) == list(expected)
    assert expected
    assert all(values.isfinite().all() for values in traced.layers.values())
    for layer, gates in traced.gates.items():
        assert {tuple(gate.shape) for gate in gates.values()} == {expected[layer]}
    assert {tuple(map_.shape) for map_ in traced.attention.values()} <= {(num, num)}


@every_architecture
def test_probabilities_are_of_every_token_but_the_start(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    encoded = encoded_for(checkpoint)
    traced = trace(checkpoint, encoded)
    torch.testing.assert_close(traced.probs.sum(dim=1), torch.ones(len(encoded.tokens)))
    assert not traced.probs[:, checkpoint.codec.bos_token].any()
    chosen = traced.probs.gather(1, encoded.tokens[:, None])[:, 0]
    torch.testing.assert_close(traced.surprise, -chosen.log())


@every_next_token_architecture
def test_surprise_is_what_the_model_thinks_of_the_piece(name: str) -> None:
    """So the place that is read beyond the last token changes nothing before it."""
    checkpoint = tiny_checkpoint(name)
    for score in (MELODY, LONG):
        encoded = encoded_for(checkpoint, score)
        expected = -token_log_probs(checkpoint, encoded)
        torch.testing.assert_close(trace(checkpoint, encoded).surprise, expected)


@every_architecture
def test_a_trace_starts_afresh_and_leaves_everything_as_it_was(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    model, encoded = checkpoint.model, encoded_for(checkpoint)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    first, random_state = trace(checkpoint, encoded), torch.get_rng_state()
    model.train()
    second = trace(checkpoint, encoded)
    assert model.training
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.equal(torch.get_rng_state(), random_state)
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    torch.testing.assert_close(first.layers, second.layers, rtol=0, atol=0)
    torch.testing.assert_close(first.probs, second.probs, rtol=0, atol=0)


def test_arrays_are_everything_by_name() -> None:
    checkpoint = tiny_checkpoint("beat-lstm-echo")
    arrays = trace(checkpoint, encoded_for(checkpoint)).arrays()
    assert {"layer decoder cell", "gate decoder forget", "attention echo head 2", "probs", "surprise"} <= set(arrays)
    assert arrays["layer decoder"].shape == (7, 12)


def test_a_hand_made_network() -> None:
    """Two units: one adds up the C's, the other follows the first by a step. In training mode, with much dropout."""
    codec = AbcCharsCodec()
    model = CharRnn(CharRnnConfig(codec.vocab_size, embed_dim=1, hidden_dim=2, dropout=0.9)).train()
    weights = {
        "embedding.weight": torch.zeros(codec.vocab_size, 1),
        "rnn.weight_ih_l0": torch.tensor([[0.5], [0.0]]),
        "rnn.weight_hh_l0": torch.tensor([[1.0, 0.0], [2.0, 0.0]]),
        "rnn.bias_ih_l0": torch.tensor([0.0, 0.25]),
        "rnn.bias_hh_l0": torch.zeros(2),
        "head.weight": torch.zeros(codec.vocab_size, 2),
        "head.bias": torch.zeros(codec.vocab_size),
    }
    weights["embedding.weight"][codec.alphabet.index("C")] = 1.0
    weights["head.weight"][codec.end_token] = torch.tensor([3.0, 0.0])
    model.load_state_dict(weights)
    checkpoint = tiny_checkpoint("char-rnn")._replace(model=model)
    traced = trace(checkpoint, codec.encode_text("CdC"))  # and the end
    a, b = [0.0], [math.tanh(0.25)]  # after the start token
    for read in (1, 0, 1, 0):
        b.append(math.tanh(2 * a[-1] + 0.25))
        a.append(math.tanh(0.5 * read + a[-1]))
    torch.testing.assert_close(traced.layers["rnn"], torch.tensor([a[1:], b[1:]]).T)
    others = codec.vocab_size - 2  # neither the end nor the start
    end = math.exp(3 * a[3]) / (math.exp(3 * a[3]) + others)
    assert traced.probs[3, codec.end_token] == pytest.approx(end, rel=1e-5)
    assert traced.surprise[3] == pytest.approx(-math.log(end), rel=1e-5)


# where in a piece a unit is what it is


@pytest.mark.parametrize(
    ("name", "layer", "whole"),
    [
        ("char-rnn", "rnn", True),
        ("char-lstm", "lstm", True),
        ("char-lstm-echo", "lstm 2", True),
        ("step-lstm-echo", "lstm", False),
        ("beat-lstm-local", "decoder", False),
        ("beat-lstm-echo", "decoder", False),
        ("beat-lstm-attention", "decoder", False),
        ("beat-rnn", "rnn 2", False),
    ],
)
@torch.inference_mode()
def test_units_are_what_they_are_after_a_token_was_read(name: str, layer: str, whole: bool) -> None:
    """In a search the state is the same; behind its last beat a rhythm has none to step to."""
    checkpoint = tiny_checkpoint(name)
    model, encoded = checkpoint.model, encoded_for(checkpoint)
    state = model.initial_state(1, None if encoded.condition is None else encoded.condition[None].float())
    _, state = model.step(torch.tensor([checkpoint.codec.bos_token]), state)
    traced = trace(checkpoint, encoded)
    for place, token in enumerate(encoded.tokens[: None if whole else -1]):
        _, state = model.step(token[None], state)
        hidden = state["hidden"].flatten()[-12:]  # of the last layer
        torch.testing.assert_close(traced.layers[layer][place], hidden)
        if "cell" in state:
            torch.testing.assert_close(traced.layers[f"{layer} cell"][place], state["cell"].flatten()[-12:])


@torch.inference_mode()
def test_layers_over_the_rhythm_stand_at_their_own_beats() -> None:
    checkpoint = tiny_checkpoint("beat-lstm-local")
    encoded = encoded_for(checkpoint)
    assert encoded.condition is not None
    annotations, _, _ = checkpoint.model.encode(encoded.condition[None].float())
    layers = trace(checkpoint, encoded).layers
    found = torch.cat([layers["encoder forward"], layers["encoder backward"]], dim=1)
    torch.testing.assert_close(found, annotations[0])


@torch.inference_mode()
def test_a_network_of_windows_is_heard_where_each_direction_ends() -> None:
    checkpoint = tiny_checkpoint("step-bilstm")
    model, encoded = checkpoint.model, encoded_for(checkpoint)
    inputs = torch.cat([torch.full((5,), checkpoint.codec.bos_token), encoded.tokens])
    windows = inputs.unfold(0, 5, 1)[1:]  # that end with each token
    x, (first, _) = model.first(model.embedding(windows))
    _, (second, cell) = model.second(x)
    layers = trace(checkpoint, encoded).layers
    torch.testing.assert_close(layers["first backward"], first[1])
    torch.testing.assert_close(layers["second forward"], second[0])
    torch.testing.assert_close(layers["second backward cell"], cell[1])


@pytest.mark.parametrize("name", LATENT)
def test_a_vae_is_where_its_window_is(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    score = Score(tuple(Note(i, 1.0, 60 + i) for i in range(9)), upbeat=1.0)  # 3 rests, then 4 windows of a bar
    point = encode_window(checkpoint, first_window(checkpoint, score))
    z = trace(checkpoint, encoded_for(checkpoint, score)).layers["z"]
    torch.testing.assert_close(z[:4], point.expand(4, -1))  # a window is 16 steps, 12 of them before the upbeat
    assert (z[4:20] == z[4]).all()
    assert not torch.allclose(z[3], z[4])


def test_several_pieces_at_once_are_each_piece_alone() -> None:
    for name in ("char-lstm-echo", "beat-lstm-echo", "step-gru-attention", "step-vae"):
        checkpoint = tiny_checkpoint(name)
        pieces = [encoded_for(checkpoint, score) for score in (LONG, MELODY)]
        for piece, found in zip(pieces, activations(checkpoint, pieces), strict=True):
            layers = trace(checkpoint, piece).layers
            layers.pop("z", None)  # of whole windows, not of tokens
            torch.testing.assert_close(found, torch.cat(list(layers.values()), dim=1))


# gates


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("bidirectional", [False, True])
@torch.inference_mode()
def test_stacks_are_what_the_fused_layers_give(kind: type[nn.RNNBase], bidirectional: bool) -> None:
    torch.manual_seed(0)
    stack = kind(3, 4, num_layers=2, batch_first=True, bidirectional=bidirectional)
    ways = 1 + bidirectional
    x, hidden, cell = torch.randn(2, 6, 3), torch.randn(2 * ways, 2, 4), torch.randn(2 * ways, 2, 4)
    is_lstm = kind is nn.LSTM
    y, last = stack(x, (hidden, cell) if is_lstm else hidden)
    found = list(look_inside(stack, x, States(hidden, cell if is_lstm else None)))
    assert [(depth, backward) for depth, backward, _ in found] == [(d, bool(b)) for d in range(2) for b in range(ways)]
    torch.testing.assert_close(torch.cat([inside.hidden for _, _, inside in found[-ways:]], dim=2), y)
    at_end = list(look_inside(stack, x, States(hidden, cell if is_lstm else None), at_end=True))
    for index, (_, backward, inside) in enumerate(found):
        end = 0 if backward else -1
        torch.testing.assert_close(inside.hidden[:, end], (last[0] if is_lstm else last)[index])
        torch.testing.assert_close(at_end[index][2].hidden[:, 0], inside.hidden[:, end])
        for gate, values in at_end[index][2].gates.items():
            torch.testing.assert_close(values[:, 0], inside.gates[gate][:, end])
        if inside.cell is not None:
            torch.testing.assert_close(inside.cell[:, end], last[1][index])
            torch.testing.assert_close(at_end[index][2].cell[:, 0], last[1][index])


@pytest.mark.parametrize("name", ["beat-lstm-echo", "beat-lstm-attention", "step-lstm-echo", "char-lstm-echo"])
def test_the_gates_of_an_lstm_make_what_the_network_holds_and_gives(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    traced = trace(checkpoint, encoded_for(checkpoint))
    assert traced.gates
    for layer, gates in traced.gates.items():
        hidden, cell = traced.layers[layer], traced.layers[f"{layer} cell"]
        torch.testing.assert_close(hidden, gates["output"] * cell.tanh())
        kept, new = gates["forget"] * before(cell, layer), gates["input"] * gates["candidate"]
        torch.testing.assert_close(inner(cell, layer), inner(kept + new, layer))
        assert all(gates[gate].min() >= 0 for gate in ("input", "forget", "output"))


def test_the_gates_of_a_gru_make_what_the_network_gives() -> None:
    torch.manual_seed(1)
    gru = nn.GRU(3, 4, batch_first=True)
    x = torch.randn(1, 5, 3)
    [(_, _, inside)] = look_inside(gru, x)
    earlier = torch.cat([torch.zeros(1, 1, 4), inside.hidden[:, :-1]], dim=1)
    update = inside.gates["update"]
    torch.testing.assert_close(inside.hidden, (1 - update) * inside.gates["candidate"] + update * earlier)
    w_ih, w_hh, b_ih, b_hh = (weight.detach() for weight in gru.parameters())
    reset = (x @ w_ih[:4].T + b_ih[:4] + earlier @ w_hh[:4].T + b_hh[:4]).sigmoid()
    torch.testing.assert_close(inside.gates["reset"], reset)


def before(values: Tensor, layer: str) -> Tensor:
    """The values one step earlier in the order in which a layer reads."""
    return values.roll(-1 if layer.endswith("backward") else 1, 0)


def inner(values: Tensor, layer: str) -> Tensor:
    """All but the first step that a layer reads."""
    return values[:-1] if layer.endswith("backward") else values[1:]


# attention


@torch.inference_mode()
def test_the_weights_of_an_attention_are_those_that_it_draws_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.attention, "QUERY_BLOCK", 4)
    torch.manual_seed(0)
    attention = Attention(8, 2, reach=3, causal=True, relative=None)
    x, looks = torch.randn(1, 10, 8), Looks()
    memory = attention.keys_values(x)
    with listening(looks):
        drawn = attention(x, memory)
    values = memory[:, 2:]
    means = torch.zeros(1, 2, 10, 4)
    place = 0
    for look in looks.told:
        num, start = look.weights.shape[2], place - look.own
        means[:, :, place : place + num] = look.weights @ values[:, :, start : start + look.weights.shape[3]]
        place += num
    torch.testing.assert_close(attention.out(means.transpose(1, 2).reshape(1, 10, 8)), drawn)


class Looks:
    def __init__(self) -> None:
        self.told: list[Look] = []

    def attention(self, module: nn.Module, look: object) -> None:
        assert callable(look)
        self.told.append(look())

    def step(self, *_: object) -> None: ...


@every_next_token_architecture
def test_attention_is_whole_and_never_goes_to_what_is_not_written_yet(name: str) -> None:
    checkpoint = tiny_checkpoint(name)
    traced = trace(checkpoint, encoded_for(checkpoint, LONG))
    for head, weights in traced.attention.items():
        total = weights.sum(dim=1)
        assert (weights >= 0).all()
        assert (total <= 1 + 1e-5).all()
        if "encoder" in head or "cross" in head or name == "beat-lstm-attention":
            torch.testing.assert_close(total, torch.ones(len(total)))  # all of it goes to beats
        else:
            assert not weights.triu().any()
            groups = checkpoint.model.groups(len(total))
            first = 1 if groups is None else int((groups < 2).sum())  # behind the first that is written
            assert total[first:].min() > 0
    assert bool(traced.attention) == (name in WITH_ATTENTION)


WITH_ATTENTION = {
    "piano-transformer", "piano-accompaniment", "roll-transformer",
    "beat-lstm-attention", "beat-lstm-echo", "beat-transformer", "beat-transformer-relative",
    "step-gru-attention", "step-lstm-attention", "step-lstm-echo", "char-lstm-echo",
    "roll-attention", "roll-gru-attention", "roll-gru2-attention", "roll-gru3-attention",
}  # fmt: skip


@pytest.mark.parametrize("name", ["beat-lstm-echo", "beat-transformer-relative", "char-lstm-echo"])
def test_blocks_of_attention_make_one_map(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tiny_checkpoint(name)
    encoded = encoded_for(checkpoint, LONG)
    in_blocks = trace(checkpoint, encoded).attention
    for module in (models.attention, models.echo, models.char_lstm_echo):
        monkeypatch.setattr(module, "QUERY_BLOCK", 10_000)
    torch.testing.assert_close(trace(checkpoint, encoded).attention, in_blocks)


@torch.inference_mode()
def test_an_echo_looks_at_the_token_that_it_votes_for() -> None:
    """Its votes at pitch, as seen from the note before, are for the pitches of the tokens that it looks at."""
    checkpoint = tiny_checkpoint("beat-lstm-echo")
    echo, encoded = checkpoint.model.echo, encoded_for(checkpoint)
    echo.query.weight.zero_()
    echo.query.bias.zero_()
    echo.distance.copy_(torch.tensor([-30.0, 30.0] + [-30.0] * 8).expand_as(echo.distance))  # 1 or 2 places back
    weights = trace(checkpoint, encoded).attention["echo head 1"]
    torch.testing.assert_close(weights[1], torch.tensor([1.0, 0, 0, 0, 0, 0, 0]))
    torch.testing.assert_close(weights[4], torch.tensor([0, 0, 0.5, 0.5, 0, 0, 0]))
    votes = []
    echo.register_forward_hook(lambda _module, _inputs, output: votes.append(output))
    token_log_probs(checkpoint, encoded)
    at_pitch = votes[0][0, 4, 0, 0]  # (M,) seen from the note before
    assert set((at_pitch > 0.1).nonzero()[:, 0].tolist()) == {24 + p - 72 for p in (71, 72)}


def test_nobody_listens_for_nothing() -> None:
    def never() -> Look:
        raise AssertionError("found though nobody listens")

    tell_attention(nn.Identity(), never)


# many at a time


def test_threads_do_not_hear_each_other() -> None:
    """Half of the threads trace, half just run the very network; each trace is what it is alone."""
    checkpoint = tiny_checkpoint("beat-lstm-attention")
    pieces = [encoded_for(checkpoint, score) for score in (MELODY, LONG, MELODY.transposed(3), LONG.transposed(-2))]
    alone = [trace(checkpoint, piece) for piece in pieces]
    start = threading.Barrier(4)

    def work(index: int) -> None:
        start.wait()
        for _ in range(4):
            token_log_probs(checkpoint, pieces[index - 1])
            found = trace(checkpoint, pieces[index])
            torch.testing.assert_close(found.layers, alone[index].layers)
            torch.testing.assert_close(found.attention, alone[index].attention)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


@pytest.mark.parametrize("num", [0, MAX_TOKENS + 1])
def test_pieces_of_no_use_are_refused(num: int) -> None:
    for name in ("char-lstm", "step-vae"):
        checkpoint = tiny_checkpoint(name)
        condition = checkpoint.codec.places(num, (4, 4), 0) if isinstance(checkpoint.codec, StepCodec) else None
        piece = Encoded(torch.zeros(num, dtype=torch.int64), condition)
        with pytest.raises(InputError, match=r"must have 1 to 2,048 tokens"):
            trace(checkpoint, piece)
        with pytest.raises(InputError, match=r"must have 1 to 2,048 tokens"):
            activations(checkpoint, [piece])


def test_a_piece_of_one_token() -> None:
    for name in ARCHITECTURES:
        checkpoint = tiny_checkpoint(name)
        tokens, condition = encoded_for(checkpoint)
        traced = trace(checkpoint, Encoded(tokens[:1], None if condition is None else condition[:1]))
        assert {len(values) for values in traced.layers.values()} == {1}


# what a model reads


def names_of(pitches: Sequence[int], checkpoint: Checkpoint) -> list[str]:
    return labels(checkpoint.codec, list(pitches))


def test_labels_of_notes_steps_and_characters() -> None:
    assert names_of([67, 66, 62], tiny_checkpoint("beat-rnn")) == ["G4", "F♯4", "D4"]
    codec = StepCodec()
    assert labels(codec, codec.tokens_of(["60", "_", "r", "/"])) == ["C4", "_", "r", "/"]
    text = AbcCharsCodec().encode_text("A b\n")
    assert labels(AbcCharsCodec(), text.tokens) == ["A", " ", "b", "\n", END]


def test_a_melody_for_each_codec() -> None:
    for name, first in (("beat-rnn", [0, 1, 2]), ("step-bilstm", [0, 4, 6])):
        told = subject(tiny_checkpoint(name), MELODY)
        assert told.score is not None
        assert told.score.pitches == MELODY.pitches
        assert list(told.note_tokens[:3]) == first
        assert [told.labels[token] for token in told.note_tokens] == ["G4", "A4", "B4", "C5", "B4", "G4", "D4"]
    told = subject(tiny_checkpoint("char-lstm"), MELODY)
    assert told.score is not None
    assert told.score.pitches == MELODY.pitches
    assert [told.labels[token] for token in told.note_tokens] == list("GABcBGD")


def test_a_tune_in_characters_knows_its_notes() -> None:
    told = subject(tiny_checkpoint("char-lstm"), TUNE)
    assert "".join(told.labels) == TUNE + END
    assert told.score is not None
    assert told.score.pitches == (67, 69, 73, 74, 71, 74)
    starts = ["".join(told.labels[token : token + 2]) for token in told.note_tokens]
    assert starts == ["G2", "A2", "^c", "d2", "Bd", "d]"]


def test_text_that_is_no_tune_is_read_all_the_same() -> None:
    told = subject(tiny_checkpoint("char-lstm"), "no tune at all")
    assert told.score is None
    assert told.note_tokens == ()
    assert len(told.encoded.tokens) == 15
    with pytest.raises(InputError):
        subject(tiny_checkpoint("beat-rnn"), "no tune at all")


def test_a_piece_of_a_corpus_is_its_text_or_its_notes() -> None:
    piece = Piece("1", MELODY, text=TUNE)
    assert "".join(subject(tiny_checkpoint("char-rnn"), piece).labels) == TUNE + END
    assert subject(tiny_checkpoint("beat-rnn"), piece).score == MELODY


def test_the_performance_of_a_melody_in_a_corpus_has_all_its_notes(tmp_path: Path) -> None:
    (tmp_path / "midi").mkdir()
    (tmp_path / "metadata.csv").write_text("file,split\nmidi/001.mid,train\n")
    chords = Score(tuple(Note(i, 1, pitch) for i in range(4) for pitch in (48, 64, 67)))
    (tmp_path / "midi/001.mid").write_bytes(score_to_midi(chords))
    played = performance_of("pop909", "001", tmp_path)
    assert played is not None
    assert played.pitches == chords.pitches
    assert performance_of("pop909", "01", tmp_path) is None
    assert performance_of("essen", "001") is None


def test_a_composition_is_told_as_it_is_performed() -> None:
    beats = Beats.from_score(MELODY)
    piece = Composition("beat-rnn.essen", beats, MELODY.pitches, SamplingConfig(seed=1))
    told = subject(tiny_checkpoint("beat-rnn"), piece)
    assert told.score == piece.written
    assert told.encoded.condition is not None
    torch.testing.assert_close(told.encoded.condition[1], torch.tensor([0.0, 0.3], dtype=torch.float64))
    steps = subject(tiny_checkpoint("step-lstm-echo"), piece)  # which did not write it, and reads it on its grid
    assert steps.score is not None
    assert steps.score.pitches == MELODY.pitches
    assert "".join(subject(tiny_checkpoint("char-rnn"), piece).labels).count("G") >= 2


def test_a_cut_keeps_what_begins_before_it() -> None:
    told = subject(tiny_checkpoint("step-bilstm"), MELODY).cut(6)
    assert told.labels == ("G4", "_", "_", "_", "A4", "_")
    assert told.note_tokens == (0, 4)
    assert told.score is not None
    assert told.score.pitches == (67, 69)
    assert told.encoded.condition is not None
    assert len(told.encoded.condition) == 6


@given(st.integers(1, 30).flatmap(lambda num: st.tuples(st.just(num), st.lists(st.integers(0, num - 1), max_size=12))))
def test_a_token_belongs_to_the_note_that_begins_last_up_to_it(told: tuple[int, list[int]]) -> None:
    num, begun = told
    piece = Subject(Encoded(torch.zeros(num, dtype=torch.int64)), ("x",) * num, None, tuple(begun))
    for place in range(num):
        before = [(token, note) for note, token in enumerate(begun) if token <= place]
        assert piece.owners[place] == max(before, default=(0, -1))[1]
    spans = [piece.tokens_of(range(note, note + 1)) for note in range(len(begun))]
    for token, span in zip(begun, spans, strict=True):
        end = min((other for other in begun if other > token), default=num)
        assert span == set(range(token, end))
    assert piece.tokens_of(range(len(begun))) == set(range(min(begun, default=num), num))


def test_notes_are_found_where_they_are_not_told_in_the_order_of_the_score() -> None:
    right, left = ([Note(i / 2, 0.5, low + i % 5) for i in range(16)] for low in (72, 48))
    pieces = {"piano-accompaniment": Score((*right, *left)), "char-lstm": "X:1\nK:C\nV:1\n[gec] d\nV:2\nC,2\n"}
    for name, piece in pieces.items():
        told = subject(tiny_checkpoint(name), piece)
        assert list(told.note_tokens) != sorted(told.note_tokens)
        assert told.owners[list(told.note_tokens)].tolist() == list(range(len(told.note_tokens)))
    assert told.score is not None
    written = ["".join(told.labels[token] for token in sorted(told.tokens_of(range(n, n + 1)))) for n in range(5)]
    assert dict(zip(told.score.pitches, written, strict=True)) == {
        48: f"C,2\n{END}", 72: "c] ", 76: "e", 79: "g", 74: "d\nV:2\n"
    }  # fmt: skip


def test_latent_models_are_those_of_this_file() -> None:
    assert {name for name in ARCHITECTURES if is_latent(tiny_checkpoint(name).card)} == set(LATENT)
