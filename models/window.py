"""What the networks share that read a window of past tokens to foretell the next."""

from __future__ import annotations

from abc import abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor

from models.base import SequenceModel, State

BLOCK = 2048
"""windows that are read together"""


class WindowModel(SequenceModel):
    """Reads the last ``config.window`` tokens, in both directions if it likes: all of them are past.

    Before a sequence begins the window holds start tokens. The condition is not used. To read a window for every
    token takes as many times longer as it is wide, so in training only every ``stride``-th token is foretold.
    """

    @property
    def start_token(self) -> int:
        return int(self.config.vocab_size) - 1

    @property
    def stride(self) -> int:
        return int(self.config.stride)

    @abstractmethod
    def read(self, windows: Tensor) -> Tensor:
        """Logits (N, V) of the tokens after ``windows`` (N, W)."""

    def forward(self, inputs: Tensor, condition: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        return self.forward_at(inputs, condition, lengths, slice(None))

    def forward_at(self, inputs: Tensor, condition: Tensor | None, lengths: Tensor | None, places: slice) -> Tensor:
        width = self.config.window
        windows = F.pad(inputs, (width - 1, 0), value=self.start_token).unfold(1, width, 1)[:, places]  # (B, N, W)
        logits = torch.cat([self.read(block) for block in windows.flatten(0, 1).split(BLOCK)])
        return logits.unflatten(0, windows.shape[:2])

    def initial_state(self, batch_size: int, condition: Tensor | None = None) -> State:
        device = next(self.parameters()).device
        return {"window": torch.full((batch_size, self.config.window), self.start_token, device=device)}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        window = torch.cat([state["window"][:, 1:], token[:, None]], dim=1)
        return self.read(window), {"window": window}
