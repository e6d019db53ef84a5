"""What came of a study, for its leader."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from sqlalchemy import Engine, select

from core.formats.spreadsheet import inert
from core.listening import schema
from core.listening.database import reading
from core.listening.excerpts import HUMAN
from core.listening.groups import GROUPS
from core.listening.statistics import Interval, Scores, mean_interval, share_interval
from core.listening.visits import RATINGS

ALL_MODELS = "all models"
"""beside the makers where they are taken together"""


@dataclass(frozen=True)
class Rating:
    """One answer. Listeners have numbers here: with a code one could answer in another's place."""

    listener: int
    group: str
    place: int
    """from 1, in the order in which they heard it"""
    excerpt: int
    maker: str
    title: str
    appeal: int
    melody: int
    realism: int
    guess: str | None
    favourite: bool
    finished: bool
    """whether this listener has chosen a favourite"""


def ratings(engine: Engine, study: str) -> list[Rating]:
    """Every answer to a study, by listener and place."""
    people, heard, given, made = schema.listeners, schema.hearings, schema.answers, schema.excerpts
    query = (
        select(people.c.listener_group, people.c.favourite, heard.c.number, made.c.maker, made.c.title, given)
        .join_from(people, given, given.c.code == people.c.code)
        .join(heard, (heard.c.code == given.c.code) & (heard.c.place == given.c.place))
        .join(made, (made.c.study == heard.c.study) & (made.c.number == heard.c.number))
        .where(people.c.study == study)
        .order_by(given.c.code, given.c.place)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    numbers = {code: number for number, code in enumerate(dict.fromkeys(row.code for row in rows), start=1)}
    return [
        Rating(
            listener=numbers[row.code],
            group=row.listener_group,
            place=row.place + 1,
            excerpt=row.number,
            maker=row.maker,
            title=row.title,
            appeal=row.appeal,
            melody=row.melody,
            realism=row.realism,
            guess=row.guess,
            favourite=row.favourite == row.place,
            finished=row.favourite is not None,
        )
        for row in rows
    ]


def scores(given: Iterable[Rating], rating: str) -> Scores:
    """Each listener's mean of one rating for each maker, people being one."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in given:
        found[one.maker][str(one.listener)].append(getattr(one, rating))
    return {maker: {who: fmean(values) for who, values in by.items()} for maker, by in found.items()}


def means(given: Sequence[Rating]) -> dict[str, dict[str, Interval]]:
    """By maker and rating, over listeners."""
    by_rating = {rating: scores(given, rating) for rating in RATINGS}
    return {
        maker: {rating: mean_interval(list(by_rating[rating][maker].values())) for rating in RATINGS}
        for maker in makers_of(given)
    }


def winners(given: Iterable[Rating]) -> dict[str, Counter[str]]:
    """For each group, how many listeners chose an excerpt by each maker as the one they liked best."""
    return {group: Counter(one.maker for one in given if one.favourite and one.group == group) for group in GROUPS}


def taken_for_human(given: Sequence[Rating]) -> dict[str, Interval]:
    """How large a share of a maker's unlabelled excerpts a listener says that a person wrote, over listeners.

    By maker, with ``ALL_MODELS`` before people; without those of whom nobody was asked.
    """
    guessed = [one for one in given if one.guess]
    by_maker = {maker: [one for one in guessed if one.maker == maker] for maker in makers_of(guessed)}
    people = by_maker.pop(HUMAN, [])
    by_maker |= {ALL_MODELS: [one for one in guessed if one.maker != HUMAN], HUMAN: people}
    return {maker: share_interval(human_shares(said)) for maker, said in by_maker.items() if said}


def human_shares(guessed: Iterable[Rating]) -> list[float]:
    """For each listener, the share of their guesses that say a person."""
    said: dict[int, list[bool]] = defaultdict(list)
    for one in guessed:
        said[one.listener].append(one.guess == HUMAN)
    return [fmean(guesses) for guesses in said.values()]


def makers_of(given: Iterable[Rating]) -> list[str]:
    """The models by name, then people."""
    return sorted({one.maker for one in given}, key=lambda maker: (maker == HUMAN, maker))


def ratings_to_csv(given: Sequence[Rating]) -> bytes:
    """A row an answer, which no spreadsheet takes for a formula.

    UTF-8 with a byte order mark: without it Excel takes the titles for another encoding.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Rating.__dataclass_fields__), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: inert(value) for name, value in asdict(one).items()} for one in given)
    return text.getvalue().encode("utf-8-sig")
