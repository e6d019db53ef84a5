"""The command line. Results go to standard output, everything else to standard error."""

from core.cli import continuation, music, originality, songs, training  # each adds its commands to the program
from core.cli.base import app, main

__all__ = ["app", "continuation", "main", "music", "originality", "songs", "training"]
