"""What a user may set about a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from core.errors import InputError
from core.formats.spelling import parse_key
from core.sampling.processors import Leap, LogitsProcessor, Only, RepeatDecay, Temperature, TopK, TopP

MAX_BEAMS = 32
AUTO = "auto"
"""as a key: the one in which the model itself would write"""
MAX_SEED = 2**53 - 1  # the largest whole number that a browser and a JSON reader keep exactly


WHOLE = ("top_k", "num_beams", "seed", "lowest", "highest", "max_leap")


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
    repeat_decay: float = 0.0  # share taken off the probability of repeating the last note
    num_beams: int = 1  # lines followed at once; 1 follows a single one
    beam_prob: float = 0.0  # chance that a step keeps the best beams, rather than draws a token for each
    echo: float = 1.0  # how readily a network goes back to what it wrote, if it is one that does; 1 as it learned
    seed: int | None = None  # None draws another piece each time
    key: str = ""  # keep to the scale of this key, such as "F#m"; AUTO estimates one; "" allows every pitch
    lowest: int = 0  # keep to the range from this pitch ...
    highest: int = 127  # ... to this one
    max_leap: int = 0  # no interval larger than so many semitones; 0 allows all

    def __post_init__(self) -> None:
        if self.key not in ("", AUTO):
            parse_key(self.key)
        for rule, sentence in (
            (0.01 <= self.temperature <= 10, "Temperature must be between 0.01 and 10."),
            (0 <= self.top_k <= 1000, "Top-k must be a whole number from 0 (off) to 1000."),
            (0 < self.top_p <= 1, "Top-p must be above 0 and at most 1."),
            (0 <= self.repeat_decay <= 1, "Repeat decay must be between 0 and 1."),
            (1 <= self.num_beams <= MAX_BEAMS, f"The number of beams must be from 1 to {MAX_BEAMS}."),
            (0 <= self.beam_prob <= 1, "Beam probability must be between 0 and 1."),
            (0 <= self.echo <= 2, "Echo must be between 0 and 2."),
            (
                0 <= self.lowest <= self.highest <= 127,
                "The range must go up, from a pitch of 0 or more to 127.",
            ),
            (0 <= self.max_leap <= 127, "The largest leap must be from 1 to 127 semitones, or 0 to allow all."),
            (self.seed is None or 0 <= self.seed <= MAX_SEED, f"The seed must be a whole number from 0 to {MAX_SEED}."),
        ):
            if not rule:
                raise SettingError(sentence)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> SamplingConfig:
        """From names and numbers read in a file or a link; unknown names and wrong types are refused."""
        settings: dict[str, object] = {}
        for name, value in values.items():
            if name not in {field.name for field in fields(cls)}:
                known = ", ".join(field.name for field in fields(cls))
                raise SettingError(f"There is no sampling setting called {name!r}; use one of {known}.")
            settings[name] = _text(name, value) if name == "key" else _number(name, value)
        return cls(**settings)  # type: ignore[arg-type]

    def processors(self, pitches: Sequence[int] = ()) -> tuple[LogitsProcessor, ...]:
        """Range, key and leap; then repeat decay, temperature, top-k, top-p, in this order.

        ``pitches`` (V,) are those of the tokens, -1 where one has none. The first four go by them.
        """
        chain: list[LogitsProcessor] = []
        if self.lowest > 0 or self.highest < 127:
            chain.append(Only(tuple(pitch < 0 or self.lowest <= pitch <= self.highest for pitch in pitches)))
        if self.key:
            scale = scale_of(self.key)
            chain.append(Only(tuple(pitch < 0 or pitch % 12 in scale for pitch in pitches)))
        if self.max_leap:
            chain.append(Leap(self.max_leap, tuple(pitches)))
        if self.repeat_decay:
            chain.append(RepeatDecay(self.repeat_decay, tuple(pitches)))
        if self.temperature != 1.0:
            chain.append(Temperature(self.temperature))
        if self.top_k:
            chain.append(TopK(self.top_k))
        if self.top_p < 1.0:
            chain.append(TopP(self.top_p))
        return tuple(chain)


def scale_of(key: str) -> set[int]:
    """The pitch classes of a key; minor has both its sixths and both its sevenths, as melodies use them."""
    fifths, minor = parse_key(key)
    degrees = {*range(-1, 6), *((6, 8) if minor else ())}  # around the signature, on the line of fifths
    return {7 * (fifths + degree) % 12 for degree in degrees}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingError(f"The setting {name} must be a text.")
    return value


def _number(name: str, value: object) -> float | int | None:
    if name == "seed" and value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_SEED:
        raise SettingError(f"The setting {name} must be a number.")
    if name not in WHOLE:
        return float(value)
    if value != int(value):
        raise SettingError(f"The setting {name} must be a whole number.")
    return int(value)


def chosen_settings(defaults: Mapping[str, object], chosen: Mapping[str, object]) -> SamplingConfig:
    """``defaults`` with every setting of ``chosen`` that is not None."""
    return SamplingConfig.from_mapping({**defaults, **{k: v for k, v in chosen.items() if v is not None}})
