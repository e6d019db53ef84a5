"""The command line. Results go to standard output, everything else to standard error."""

from core.cli import (
    continuation,
    music,
    neurons,
    originality,
    piano,
    songs,
    training,
    tune,
    tunes,
)  # each adds its commands to the program
from core.cli.base import app, main

__all__ = [
    "app",
    "continuation",
    "main",
    "music",
    "neurons",
    "originality",
    "piano",
    "songs",
    "training",
    "tune",
    "tunes",
]
