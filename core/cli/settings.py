"""The sampling settings, as options of every command that has a model write."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.checkpoint import ModelCard
    from core.sampling import SamplingConfig

Temperature = Annotated[float | None, typer.Option(help="Low: the usual; high: surprises.")]
TopK = Annotated[int | None, typer.Option(help="Choose among the k likeliest pitches; 0: all.")]
TopP = Annotated[float | None, typer.Option(help="Choose among those that make up this probability.")]
RepeatDecay = Annotated[float | None, typer.Option(help="How much less a pitch may repeat, 0 to 1.")]
NumBeams = Annotated[int | None, typer.Option(help="Melodies followed at once.")]
BeamProb = Annotated[float | None, typer.Option(help="How often only the best of them go on, 0 to 1.")]
Echo = Annotated[
    float | None,
    typer.Option(help="How readily a network with echo goes back to what it wrote, 0 to 2; 1: as learned."),
]
RandomSeed = Annotated[int | None, typer.Option(help="The same seed writes the same melody.")]
Key = Annotated[str | None, typer.Option(help="Keep to a key: G, F#m, or auto.")]
Lowest = Annotated[str | None, typer.Option(help="No pitch below this one, such as C4.")]
Highest = Annotated[str | None, typer.Option(help="No pitch above this one, such as G5.")]
MaxLeap = Annotated[int | None, typer.Option(help="No interval larger than so many semitones.")]


def drawn(seed: int | None) -> int:
    """The seed, or any where none is given."""
    return secrets.randbelow(2**31) if seed is None else seed


def melody_settings(card: ModelCard, *, lowest: str | None, highest: str | None, **chosen: object) -> SamplingConfig:
    """A model's own settings, but for what the user chose: what is not None. Raises ``InputError``."""
    from core.formats.pitch_names import parse_pitch
    from core.sampling.config import chosen_settings

    bounds = {"lowest": parse_pitch(lowest) if lowest else None, "highest": parse_pitch(highest) if highest else None}
    return chosen_settings(card.sampling, {**chosen, **bounds})
