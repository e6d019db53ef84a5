"""What plays a study: one synthesiser with one sound font from the first sound to the last, on whichever server."""

from __future__ import annotations

from core.listening.database import StudyError
from core.render.audio import Engine, default_engine, engines


def instrument_here() -> str:
    """What plays best of all that is installed: ``FluidSynth with FluidR3_GM.sf2``; raises ``InputError``."""
    return named(default_engine())


def engine_of(instrument: str) -> str:
    """The name of the synthesiser of an instrument; raises ``StudyError`` where it is not installed with that font."""
    for engine in engines():
        if engine.available and named(engine) == instrument:
            return engine.name
    raise StudyError(
        f"This study is played by {instrument}, which is not installed here; install it, or make another study."
    )


def named(engine: Engine) -> str:
    font = engine.sound_font.resolve().name if engine.sound_font else "no sound font"  # behind Debian's alternatives
    return f"{engine.name} with {font}"
