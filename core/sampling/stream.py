"""One sequence written token by token, each of them there as soon as it is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from core.sampling.processors import LogitsProcessor, process
from core.sampling.search import FREE, StepModel, draw, start, take


class Pen:
    """Gives or draws the next token of one sequence.

    The same tokens from the same random numbers as ``hybrid_beam_search`` with one beam that never competes. A place
    may be given or left free as late as it is reached, so that what is given may hang on what was drawn.
    """

    def __init__(
        self, model: StepModel, bos_token: int, processors: Sequence[LogitsProcessor], generator: torch.Generator
    ) -> None:
        self.model, self.processors, self.generator = model, processors, generator
        with torch.inference_mode():
            self.rows = start(model, bos_token, 1, None)
        self.read = True  # whether the model has read the last token

    @property
    def log_likelihood(self) -> float:
        """Of the tokens that were drawn, under the model itself, before any processor."""
        return self.rows.log_likelihood.item()

    @torch.inference_mode()
    def write(self, token: int = FREE, *, barred: int | None = None) -> int:
        """The next token: ``token``, or where it is ``FREE`` one drawn from all but the ``barred``."""
        if not self.read:
            self.rows = self.rows.advance(self.model)
        rows, self.read = self.rows, False
        if token != FREE:
            self.rows = take(rows, token)
            return token
        logits = rows.logits
        if barred is not None:
            logits = logits.index_fill(1, torch.tensor([barred]), -torch.inf)
        logp = process(self.processors, rows.tokens, logits).log_softmax(dim=-1)
        self.rows = draw(rows, logp, self.generator)
        return int(self.rows.tokens[0, -1])
