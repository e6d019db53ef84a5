"""A study with excerpts of a few seconds, so that many answers are given in a short time."""

from __future__ import annotations

from sqlalchemy import Engine

from core.listening.excerpts import Excerpt, FromMusic21
from core.listening.making import READY_WORKS
from core.listening.studies import SHORTEST, Draft, add_study, find_study

STAND_INS = ("stand-in-1", "stand-in-2")
"""makers that are called models: to the server it is all the same who wrote an excerpt"""
EACH = 4


def make_study(engine: Engine) -> str:
    """Returns its id; by people, and by stand-ins later passages of the same works: needs no piano model."""
    machines = [
        Excerpt(maker, work.title, FromMusic21(work.path, start_sec=SHORTEST * (1 + i), qpm=work.qpm))
        for i, maker in enumerate(STAND_INS)
        for work in READY_WORKS[-EACH:]
    ]
    people = [work.excerpt() for work in READY_WORKS]
    return add_study(engine, Draft("A class listens", (*machines, *people), SHORTEST))


def stored_answers(engine: Engine, study: str) -> int:
    found = find_study(engine, study)
    assert found is not None
    return found.num_answers
