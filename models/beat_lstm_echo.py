"""Our own: an LSTM that thinks in intervals and goes back to its earlier notes.

A melody is much the same in every key, so the LSTM reads the interval to each note, and its logits are of intervals
from the note before, laid where that note is; of pitches as such it is told little, the height of the last note and
its pitch class, by which it knows the usual keys and ranges.
``Echo`` looks for earlier places like the present one and votes for what followed there. As in ``beat_lstm_local``, a
bidirectional LSTM reads the whole rhythm first, and each note sees the annotation of its beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import State, shift_right
from models.beat_features import NUM_RELATIVE_FEATURES, relative_beat_features
from models.dense import Dense
from models.echo import NUM_INTERVALS, NUM_PITCHES, RANGE, Echo, Echoing
from models.recurrence import lstm_step, read_both_ways, weights_of

NO_INTERVAL = NUM_INTERVALS
MIDDLE = 66
"""Where the first note is reckoned from."""
OCTAVE = 12
LOWEST, HIGHEST = 21, 108
"""the keys of a piano: to a head that thinks in intervals a pitch that nobody ever wrote is as good as another"""
NEVER = -30.0
"""Logit of the start token, and of pitches beyond the piano."""


@dataclass(frozen=True)
class BeatLstmEchoConfig:
    vocab_size: int
    embed_dim: int = 48
    class_dim: int = 12
    """of the embedding of pitch classes"""
    encoder_dim: int = 64
    hidden_dim: int = 192
    num_heads: int = 4
    head_dim: int = 24
    reach: int = 512
    """notes that are looked back over"""
    out_dim: int = 160
    dropout: float = 0.1


class BeatLstmEcho(Echoing):
    def __init__(self, config: BeatLstmEchoConfig) -> None:
        super().__init__()
        if config.vocab_size != NUM_PITCHES + 1:
            raise ValueError("the vocabulary must be the 128 pitches and a start token")
        self.config = config
        annotation_dim, dim = 2 * config.encoder_dim, config.hidden_dim
        self.beat_in = Dense(NUM_RELATIVE_FEATURES, config.encoder_dim)
        self.encoder = nn.LSTM(config.encoder_dim, config.encoder_dim, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(annotation_dim, 2 * dim)
        self.embedding = nn.Embedding(NUM_INTERVALS + 1, config.embed_dim)
        self.pitch_class = nn.Embedding(OCTAVE, config.class_dim)
        self.decoder = nn.LSTM(config.embed_dim + 1 + config.class_dim + annotation_dim, dim, batch_first=True)
        self.echo = Echo(dim + annotation_dim, config.num_heads, config.head_dim, config.reach)
        self.gain = nn.Linear(dim, 2 * config.num_heads)
        self.dense = Dense(dim + 2 * config.num_heads * NUM_INTERVALS, config.out_dim, F.gelu)
        self.head = nn.Linear(config.out_dim, 2 * NUM_PITCHES - 1)
        self.dropout = nn.Dropout(config.dropout)

    def encode(self, condition: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Annotations (B, S, 2E) of the beats (B, S, 2), and the first (hidden, cell) (B, D) of the decoder."""
        x = self.beat_in(relative_beat_features(condition, lengths))
        annotations, final = read_both_ways(self.encoder, x, lengths)
        hidden, cell = self.bridge(final).tanh().chunk(2, dim=-1)
        return annotations, hidden, cell

    def heard(self, tokens: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """The pitches of ``tokens`` and their intervals from the tokens ``before``, counted from ``-RANGE``."""
        start = self.config.vocab_size - 1
        pitches, earlier = (torch.where(side == start, MIDDLE, side) for side in (tokens, before))
        intervals = (pitches - earlier).clamp(-RANGE, RANGE) + RANGE
        return pitches, torch.where((tokens == start) | (before == start), NO_INTERVAL, intervals)

    def read(self, pitches: Tensor, intervals: Tensor, annotations: Tensor) -> Tensor:
        """What the decoder reads at each place: the interval to the note before, where that is, the present beat."""
        height = (pitches[..., None] - MIDDLE) / OCTAVE
        return torch.cat([self.embedding(intervals), height, self.pitch_class(pitches % OCTAVE), annotations], dim=-1)

    def write(self, hidden: Tensor, votes: Tensor, pitches: Tensor) -> Tensor:
        """Logits (B, N, V) from the decoder's ``hidden`` (B, N, D), the echo's ``votes`` and the notes before."""
        dense = self.dense(torch.cat([hidden, votes.flatten(2)], dim=-1))
        gains = self.trust * F.softplus(self.gain(hidden)).unflatten(-1, votes.shape[2:4])
        voted = torch.einsum("bnkh,bnkhr->bnr", gains, votes)
        widest = NUM_PITCHES - 1
        by_interval = self.head(self.dropout(dense)) + F.pad(voted, (widest - RANGE, widest - RANGE))  # (B, N, 2V - 1)
        places = torch.arange(LOWEST, HIGHEST + 1, device=pitches.device) - pitches[..., None] + widest
        return F.pad(by_interval.gather(-1, places), (LOWEST, NUM_PITCHES - HIGHEST), value=NEVER)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        assert condition is not None
        annotations, hidden, cell = self.encode(condition, lengths)
        annotations = annotations[:, : inputs.shape[1]]
        pitches, intervals = self.heard(inputs, shift_right(inputs, self.config.vocab_size - 1))
        x = self.dropout(self.read(pitches, intervals, annotations))
        x, _ = self.decoder(x, (hidden[None].contiguous(), cell[None].contiguous()))
        x = self.dropout(x)
        context = torch.cat([x, self.dropout(annotations)], dim=-1)
        votes = self.echo(context, self.echo.keys(context), pitches, intervals, first=0)
        return self.write(x, votes, pitches)

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        assert condition is not None
        annotations, hidden, cell = self.encode(condition)
        state = {"annotations": annotations, "hidden": hidden, "cell": cell}
        state = {name: tensor.expand(batch_size, *tensor.shape[1:]) for name, tensor in state.items()}
        position = torch.zeros(batch_size, dtype=torch.long, device=condition.device)
        none = position.new_empty(batch_size, 0)
        keys = hidden.new_empty(batch_size, self.config.num_heads, 0, self.config.head_dim)
        before = torch.full_like(position, self.config.vocab_size - 1)
        return {**state, "position": position, "before": before, "keys": keys, "pitches": none, "intervals": none}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        pitch, interval = self.heard(token, state["before"])
        annotation = state["annotations"][:, int(state["position"][0])]  # rows go in step
        weights = weights_of(self.decoder)
        projected = F.linear(self.read(pitch, interval, annotation), weights.w_ih, weights.b_ih + weights.b_hh)
        hidden, cell = lstm_step(weights, projected, state["hidden"], state["cell"])
        context = torch.cat([hidden, annotation], dim=-1)[:, None]
        after = {
            "annotations": state["annotations"],
            "hidden": hidden,
            "cell": cell,
            "position": state["position"] + 1,
            "before": token,
            "keys": self.echo.remember(state["keys"], self.echo.keys(context), dim=2),
            "pitches": self.echo.remember(state["pitches"], pitch[:, None], dim=1),
            "intervals": self.echo.remember(state["intervals"], interval[:, None], dim=1),
        }
        keys, pitches, intervals = after["keys"], after["pitches"], after["intervals"]
        votes = self.echo(context, keys, pitches, intervals, first=keys.shape[2] - 1)
        return self.write(hidden[:, None], votes, pitch[:, None])[:, 0], after
