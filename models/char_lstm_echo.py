"""Our own for tunes in characters: stacked LSTMs that go back to what they wrote before.

A tune says most things twice: its parts are repeated and varied, bars come back, and so do the words of its header.
The pointer finds earlier places in the tune where the network stood as it stands now, and votes for the characters that
followed there; the layers above read the votes, and weigh them against what the network would say by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.base import State
from models.dense import Dense
from models.echo import QUERY_BLOCK, Echoing, Pointer, weighted_counts
from models.recurrence import lstm_step, weights_of


@dataclass(frozen=True)
class CharLstmEchoConfig:
    vocab_size: int
    embed_dim: int = 64
    hidden_dim: int = 320
    num_layers: int = 2
    num_heads: int = 4
    head_dim: int = 48
    reach: int = 1024
    """characters that are looked back over"""
    out_dim: int = 256
    dropout: float = 0.3


class CharLstmEcho(Echoing):
    def __init__(self, config: CharLstmEchoConfig) -> None:
        super().__init__()
        self.config = config
        dim, votes = config.hidden_dim, config.num_heads * config.vocab_size
        self.embedding = nn.Embedding(config.vocab_size, config.embed_dim)
        self.lstm = nn.LSTM(config.embed_dim, dim, config.num_layers, batch_first=True, dropout=config.dropout)
        self.pointer = Pointer(dim, config.num_heads, config.head_dim, config.reach)
        self.gain = nn.Linear(dim, config.num_heads)
        self.dense = Dense(dim + votes, config.out_dim, F.gelu)
        self.head = nn.Linear(config.out_dim, config.vocab_size)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        x, _ = self.lstm(self.embedding(inputs))
        x = self.dropout(x)
        query, keys = self.pointer.queries(x), self.pointer.keys(x)
        starts = range(0, inputs.shape[1], QUERY_BLOCK)
        votes = [self.votes(query[:, :, i : i + QUERY_BLOCK], keys, inputs, i) for i in starts]
        return self.write(x, torch.cat(votes, dim=1))

    def votes(self, query: Tensor, keys: Tensor, inputs: Tensor, first: int) -> Tensor:
        """For each character (B, N, H, V) how much it followed where each head looks; ``query`` (B, H, N, D).

        ``inputs`` (B, S) are the characters before the places of the ``keys``, so what follows one is found one
        further on, and what follows the last is not known yet.
        """
        start, stop = max(0, first - self.config.reach + 1), first + query.shape[2]
        weights = self.pointer.weights(query, keys[:, :, start:stop], first - start)[..., :-1]
        return weighted_counts(weights, inputs[:, start + 1 : stop], self.config.vocab_size).transpose(1, 2)

    def write(self, x: Tensor, votes: Tensor) -> Tensor:
        """Logits (B, N, V) from what the LSTM says (B, N, D) and the ``votes`` (B, N, H, V)."""
        dense = self.dense(torch.cat([x, votes.flatten(2)], dim=-1))
        gains = self.trust * F.softplus(self.gain(x))
        return self.head(self.dropout(dense)) + torch.einsum("bnh,bnhv->bnv", gains, votes)

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        config, weight = self.config, self.head.weight
        nought = weight.new_zeros(batch_size, config.num_layers, config.hidden_dim)
        keys = weight.new_empty(batch_size, config.num_heads, 0, config.head_dim)
        read = torch.empty(batch_size, 0, dtype=torch.long, device=weight.device)
        return {"hidden": nought, "cell": nought, "keys": keys, "read": read}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        x, hiddens, cells = self.embedding(token), [], []
        for depth in range(self.config.num_layers):
            weights = weights_of(self.lstm, depth)
            projected = F.linear(x, weights.w_ih, weights.b_ih + weights.b_hh)
            x, cell = lstm_step(weights, projected, state["hidden"][:, depth], state["cell"][:, depth])
            hiddens.append(x)
            cells.append(cell)
        x = x[:, None]
        keys = self.pointer.remember(state["keys"], self.pointer.keys(x), dim=2)
        read = self.pointer.remember(state["read"], token[:, None], dim=1)
        votes = self.votes(self.pointer.queries(x), keys, read, keys.shape[2] - 1)
        after = {"hidden": torch.stack(hiddens, dim=1), "cell": torch.stack(cells, dim=1), "keys": keys, "read": read}
        return self.write(x, votes)[:, 0], after
