"""Our own for folk songs: an LSTM over the whole song that knows the bar, and goes back to what it wrote before.

As in ``beat_lstm_echo`` a note is read as the interval from the note before it, which is the same in every key, and
foretold as one; of pitches as such the network knows the height and the pitch class of the last note. It is told of
each step where in the bar it lies, in which metre, and how many bars have gone by: songs come in phrases of 2, 4 and
8 bars. ``Echo`` looks for earlier places like the present one and votes for what followed there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import State
from models.dense import Dense
from models.echo import NUM_INTERVALS, RANGE, Echo, Echoing
from models.recurrence import lstm_step, weights_of

STEPS_IN_QUARTER = 4
PERIODS = (2, 4, 8, 16)
"""bars"""
NUM_PLACES, NUM_BEATS, NUM_UNITS = 64, 20, 6
"""steps of a bar, and numbers and note values of metres, that have an embedding; what lies beyond shares the last"""
OCTAVE = 12
NEVER = -30.0
"""Logit of the start token."""


@dataclass(frozen=True)
class StepLstmEchoConfig:
    vocab_size: int
    num_signs: int = 3
    """the first tokens, which are no notes; then notes follow up to the start token"""
    lowest: int = 43
    """MIDI number of the first note"""
    embed_dim: int = 48
    class_dim: int = 12
    place_dim: int = 24
    metre_dim: int = 8
    hidden_dim: int = 224
    num_heads: int = 4
    head_dim: int = 24
    reach: int = 512
    """steps that are looked back over"""
    out_dim: int = 160
    dropout: float = 0.15


class StepLstmEcho(Echoing):
    def __init__(self, config: StepLstmEchoConfig) -> None:
        super().__init__()
        self.config = config
        self.num_notes = config.vocab_size - 1 - config.num_signs
        self.num_moves = NUM_INTERVALS + config.num_signs
        dim, place_dim = config.hidden_dim, config.place_dim + 2 * config.metre_dim + 2 * len(PERIODS) + 1
        self.place = nn.Embedding(NUM_PLACES, config.place_dim)
        self.beats, self.unit = (nn.Embedding(size, config.metre_dim) for size in (NUM_BEATS, NUM_UNITS))
        self.embedding = nn.Embedding(self.num_moves + 1, config.embed_dim)
        self.pitch_class = nn.Embedding(OCTAVE, config.class_dim)
        self.lstm = nn.LSTM(config.embed_dim + 1 + config.class_dim + place_dim, dim, batch_first=True)
        self.echo = Echo(
            dim + place_dim, config.num_heads, config.head_dim, config.reach, self.num_notes, config.num_signs
        )
        self.gain = nn.Linear(dim, 2 * config.num_heads)
        self.dense = Dense(dim + place_dim + 2 * config.num_heads * self.num_moves, config.out_dim, F.gelu)
        self.head = nn.Linear(config.out_dim, config.num_signs + 2 * self.num_notes - 1)
        self.dropout = nn.Dropout(config.dropout)

    def places(self, condition: Tensor) -> Tensor:
        """Features (B, S, P) of the steps ``condition`` (B, S, 3): quarters into the bar, and the metre's numbers."""
        into_bar, beats, unit = condition.unbind(dim=-1)
        bars = (into_bar < 1 / STEPS_IN_QUARTER).cumsum(dim=1)  # that have begun
        turns = 2 * math.pi * bars[..., None] / torch.tensor(PERIODS, device=bars.device)
        return torch.cat(
            [
                self.place((into_bar * STEPS_IN_QUARTER).round().long().clamp(0, NUM_PLACES - 1)),
                self.beats(beats.long().clamp(0, NUM_BEATS - 1)),
                self.unit(unit.clamp_min(1).log2().round().long().clamp(0, NUM_UNITS - 1)),
                turns.sin(),
                turns.cos(),
                bars[..., None].float().log1p() / 2,
            ],
            dim=-1,
        )

    def heard(self, tokens: Tensor, last: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of ``tokens`` after the notes ``last``: pitches and moves as ``Echo`` has them, and the last notes then.

        Notes are counted from the lowest one.
        """
        notes = tokens - self.config.num_signs
        is_note = (notes >= 0) & (notes < self.num_notes)
        intervals = (notes - last).clamp(-RANGE, RANGE) + RANGE
        moves = torch.where(is_note, intervals, NUM_INTERVALS + tokens.clamp_max(self.config.num_signs))
        return torch.where(is_note, notes, self.num_notes), moves, torch.where(is_note, notes, last)

    def last_notes(self, tokens: Tensor) -> Tensor:
        """The note (B, T) that each of ``tokens`` is, holds or comes after; the middle one before there is any."""
        is_note = (tokens >= self.config.num_signs) & (tokens < self.config.vocab_size - 1)
        places = torch.arange(tokens.shape[1], device=tokens.device)
        latest = torch.where(is_note, places, -1).cummax(dim=1).values
        notes = tokens.gather(1, latest.clamp_min(0)) - self.config.num_signs
        return torch.where(latest < 0, self.num_notes // 2, notes)

    def read(self, moves: Tensor, last: Tensor, places: Tensor) -> Tensor:
        """What the LSTM reads at each step: what came before it, the last note, where the step lies."""
        height = (last[..., None] - self.num_notes / 2) / OCTAVE
        pitch_class = self.pitch_class((last + self.config.lowest) % OCTAVE)
        return torch.cat([self.embedding(moves), height, pitch_class, places], dim=-1)

    def write(self, hidden: Tensor, places: Tensor, votes: Tensor, last: Tensor) -> Tensor:
        """Logits (B, N, V) from ``hidden`` (B, N, D), the echo's ``votes`` and the ``last`` notes (B, N)."""
        dense = self.dense(torch.cat([hidden, places, votes.flatten(2)], dim=-1))
        gains = self.trust * F.softplus(self.gain(hidden)).unflatten(-1, votes.shape[2:4])
        voted = torch.einsum("bnkh,bnkhm->bnm", gains, votes)
        own = self.head(self.dropout(dense))
        signs = own[..., : self.config.num_signs] + voted[..., NUM_INTERVALS:]
        beyond = self.num_notes - 1 - RANGE  # intervals that are wider than an echo tells
        by_interval = own[..., self.config.num_signs :] + F.pad(voted[..., :NUM_INTERVALS], (beyond, beyond))
        seen = torch.arange(self.num_notes, device=last.device) - last[..., None] + self.num_notes - 1
        return F.pad(torch.cat([signs, by_interval.gather(-1, seen)], dim=-1), (0, 1), value=NEVER)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        assert condition is not None
        places = self.places(condition[:, : inputs.shape[1]])
        last = self.last_notes(inputs)
        before = torch.cat([torch.full_like(last[:, :1], self.num_notes // 2), last[:, :-1]], dim=1)
        pitches, moves, _ = self.heard(inputs, before)
        x, _ = self.lstm(self.dropout(self.read(moves, last, places)))
        x = self.dropout(x)
        context = torch.cat([x, places], dim=-1)
        votes = self.echo(context, self.echo.keys(context), pitches, moves, first=0, last=last)
        return self.write(x, places, votes, last)

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        assert condition is not None
        places = self.places(condition)
        position = torch.zeros(batch_size, dtype=torch.long, device=places.device)
        hidden = places.new_zeros(batch_size, self.config.hidden_dim)
        none = position.new_empty(batch_size, 0)
        return {
            "places": places.expand(batch_size, *places.shape[1:]),
            "position": position,
            "last": torch.full_like(position, self.num_notes // 2),
            "hidden": hidden,
            "cell": hidden,
            "keys": places.new_empty(batch_size, self.config.num_heads, 0, self.config.head_dim),
            "pitches": none,
            "moves": none,
        }

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        pitch, move, last = self.heard(token, state["last"])
        places = state["places"][:, int(state["position"][0])]  # rows go in step
        weights = weights_of(self.lstm)
        projected = F.linear(self.read(move, last, places), weights.w_ih, weights.b_ih + weights.b_hh)
        hidden, cell = lstm_step(weights, projected, state["hidden"], state["cell"])
        context = torch.cat([hidden, places], dim=-1)[:, None]
        after = {
            **state,
            "position": state["position"] + 1,
            "last": last,
            "hidden": hidden,
            "cell": cell,
            "keys": self.echo.remember(state["keys"], self.echo.keys(context), dim=2),
            "pitches": self.echo.remember(state["pitches"], pitch[:, None], dim=1),
            "moves": self.echo.remember(state["moves"], move[:, None], dim=1),
        }
        keys = after["keys"]
        votes = self.echo(context, keys, after["pitches"], after["moves"], keys.shape[2] - 1, last[:, None])
        return self.write(hidden[:, None], places[:, None], votes, last[:, None])[:, 0], after
