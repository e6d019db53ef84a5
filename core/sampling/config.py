"""What a user may set about a draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from core.errors import InputError
from core.sampling.processors import LogitsProcessor, RepeatDecay, Temperature, TopK, TopP

MAX_BEAMS = 32
MAX_SEED = 2**53 - 1  # the largest whole number that a browser and a JSON reader keep exactly


class SettingError(InputError):
    """A sampling setting out of range."""


@dataclass(frozen=True)
class SamplingConfig:
    """The settings of one draw; every default is neutral, and a neutral option adds no processor.

    Raises ``SettingError`` when a value is out of its range.
    """

    temperature: float = 1.0  # above 1 flattens the distribution, below sharpens it
    top_k: int = 0  # keep the k likeliest tokens; 0 keeps all
    top_p: float = 1.0  # keep the smallest set with this much probability
    repeat_decay: float = 0.0  # share taken off the probability of repeating the last token
    num_beams: int = 1  # lines followed at once; 1 follows a single one
    beam_prob: float = 0.0  # chance that a step keeps the best beams, rather than draws a token for each
    seed: int | None = None  # None draws another piece each time

    def __post_init__(self) -> None:
        for rule, sentence in (
            (0.01 <= self.temperature <= 10, "Temperature must be between 0.01 and 10."),
            (0 <= self.top_k <= 1000, "Top-k must be a whole number from 0 (off) to 1000."),
            (0 < self.top_p <= 1, "Top-p must be above 0 and at most 1."),
            (0 <= self.repeat_decay <= 1, "Repeat decay must be between 0 and 1."),
            (1 <= self.num_beams <= MAX_BEAMS, f"The number of beams must be from 1 to {MAX_BEAMS}."),
            (0 <= self.beam_prob <= 1, "Beam probability must be between 0 and 1."),
            (self.seed is None or 0 <= self.seed <= MAX_SEED, f"The seed must be a whole number from 0 to {MAX_SEED}."),
        ):
            if not rule:
                raise SettingError(sentence)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> SamplingConfig:
        """From names and numbers read in a file or a link; unknown names and wrong types are refused."""
        types = {field.name: int if field.name in ("top_k", "num_beams", "seed") else float for field in fields(cls)}
        settings: dict[str, float | int | None] = {}
        for name, value in values.items():
            if name not in types:
                raise SettingError(f"There is no sampling setting called {name!r}; use one of {', '.join(types)}.")
            if name == "seed" and value is None:
                settings[name] = None
            elif isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_SEED:
                raise SettingError(f"The setting {name} must be a number.")
            elif types[name] is int and value != int(value):
                raise SettingError(f"The setting {name} must be a whole number.")
            else:
                settings[name] = types[name](value)
        return cls(**settings)  # type: ignore[arg-type]

    def processors(self) -> tuple[LogitsProcessor, ...]:
        """Repeat decay, temperature, top-k, top-p, in this order."""
        chain: list[LogitsProcessor] = []
        if self.repeat_decay:
            chain.append(RepeatDecay(self.repeat_decay))
        if self.temperature != 1.0:
            chain.append(Temperature(self.temperature))
        if self.top_k:
            chain.append(TopK(self.top_k))
        if self.top_p < 1.0:
            chain.append(TopP(self.top_p))
        return tuple(chain)


def chosen_settings(defaults: Mapping[str, object], chosen: Mapping[str, object]) -> SamplingConfig:
    """``defaults`` with every setting of ``chosen`` that is not None."""
    return SamplingConfig.from_mapping({**defaults, **{k: v for k, v in chosen.items() if v is not None}})
