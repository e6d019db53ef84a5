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
    """For each maker, the share of answers to unlabelled music that say a person wrote it."""
    guesses = {maker: [one.guess for one in given if one.maker == maker and one.guess] for maker in makers_of(given)}
    return {maker: share_interval(said.count(HUMAN), len(said)) for maker, said in guesses.items()}


def makers_of(given: Iterable[Rating]) -> list[str]:
    """The models by name, then people."""
    return sorted({one.maker for one in given}, key=lambda maker: (maker == HUMAN, maker))


def ratings_to_csv(given: Sequence[Rating]) -> str:
    """A row an answer, which no spreadsheet takes for a formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Rating.__dataclass_fields__), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: inert(value) for name, value in asdict(one).items()} for one in given)
    return text.getvalue()
