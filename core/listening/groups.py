"""Which group a listener belongs to, and which eight excerpts they hear: balanced, and in an order of their own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from random import Random

from core.listening.excerpts import HUMAN

HEARD = 8
"""excerpts a listener"""
HUMAN_HEARD = {"A": 0, "B": 4, "C": 4}
"""of these by people, by group: A hears machines alone, B both unlabelled, C both labelled"""
GROUPS = tuple(HUMAN_HEARD)
LABELLED = "C"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without letters that are taken for figures, and without U"""
LOOKALIKES = str.maketrans("OIL", "011")
CODE_LENGTH = 12


def new_code() -> str:
    """A random listener's code, 60 bits: ``K7MP-2QXR-9TDW``."""
    return spaced("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)))


def read_code(text: str) -> str | None:
    """A code as somebody typed it in the form that is stored, or None."""
    signs = [sign for sign in text.upper().translate(LOOKALIKES) if sign.isalnum()]
    return spaced("".join(signs)) if len(signs) == CODE_LENGTH and set(signs) <= set(ALPHABET) else None


def spaced(signs: str) -> str:
    return "-".join(signs[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def next_group(sizes: Mapping[str, int], code: str) -> str:
    """One of the smallest groups, which one by the listener's code, so that nobody can foretell it."""
    smallest = min(sizes.get(group, 0) for group in GROUPS)
    return Random(code).choice([group for group in GROUPS if sizes.get(group, 0) == smallest])


def draw(group: str, makers: Sequence[str], times_heard: Mapping[int, int], code: str) -> list[int]:
    """The numbers of the ``HEARD`` excerpts of a new listener, in the order in which they hear them.

    The makers of a group's machine part differ by at most one in how many excerpts they have in it, and those that have
    been heard less come first; so do, of each maker, the excerpts that have been heard less. Chance, by the
    listener's code, decides the rest.

    Parameters
    ----------
    makers
        The maker of each excerpt of the study, by its number.
    times_heard
        How many listeners were given each excerpt; none where a number is missing.
    """
    random = Random(code)
    quotas = {HUMAN: HUMAN_HEARD[group]}
    quotas |= shares(HEARD - HUMAN_HEARD[group], heard_by_maker(makers, times_heard), random)
    drawn = []
    for maker, quota in quotas.items():
        numbers = [number for number, name in enumerate(makers) if name == maker]
        random.shuffle(numbers)
        drawn += sorted(numbers, key=lambda number: times_heard.get(number, 0))[:quota]
    random.shuffle(drawn)
    return drawn


def heard_by_maker(makers: Sequence[str], times_heard: Mapping[int, int]) -> dict[str, int]:
    """How often each model of a study has been heard."""
    totals = dict.fromkeys((maker for maker in makers if maker != HUMAN), 0)
    for number, times in times_heard.items():
        if makers[number] in totals:
            totals[makers[number]] += times
    return totals


def shares(number: int, heard: Mapping[str, int], random: Random) -> dict[str, int]:
    """``number`` places among models, as even as can be; who has been heard least gets what is left over."""
    models = sorted(heard)
    random.shuffle(models)
    models.sort(key=heard.__getitem__)
    each, left = divmod(number, len(models))
    return {model: each + (rank < left) for rank, model in enumerate(models)}
