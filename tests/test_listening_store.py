"""What is stored of a study: everything that was acknowledged, once, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, event, inspect, select, text

from core.listening import schema
from core.listening.database import StudyError, database_address, open_database, reading, writing
from core.listening.excerpts import HUMAN, Generated, json_to_source, source_to_json
from core.listening.groups import HEARD, HUMAN_HEARD, LABELLED, draw, new_code, next_group, read_code
from core.listening.results import ratings
from core.listening.schema import MIGRATIONS, migrate, open_studies
from core.listening.studies import Draft, add_study, find_study, list_studies, set_open
from core.listening.visits import (
    ABANDONED_SEC,
    MACHINE,
    Answer,
    UnknownListenerError,
    Visit,
    answer,
    excerpt_at,
    favour,
    join,
    visit,
    visit_by,
)
from tests.studies import address, draft, postgres

__all__ = ["address", "postgres"]  # fixtures
ROOT = Path(__file__).parent.parent
NUM_LISTENERS = 40


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    found = open_studies(address)
    yield found
    found.dispose()


def opinion(person: Visit, place: int) -> Answer:
    """An answer that tells by its numbers who gave it of what."""
    chance = Random(f"{person.code} {place}")
    guess = None if person.labelled else chance.choice([HUMAN, MACHINE])
    return Answer(chance.randint(1, 5), chance.randint(1, 5), chance.randint(1, 5), guess)


def take_part(engine: Engine, study: str) -> str:
    """One listener from beginning to end, impatient: everything is sent twice."""
    code = new_code()
    for _ in range(2):
        person = join(engine, study, code)
    while (place := person.next_place) is not None:
        assert person.answers[:place] == tuple(opinion(person, i) for i in range(place))
        for _ in range(2):
            answer(engine, code, place, opinion(person, place))
        person = visit(engine, code)
    for _ in range(2):
        favour(engine, code, Random(code).randrange(HEARD))
    return code


def test_forty_listeners_at_once_answer_a_whole_study(engine: Engine) -> None:
    study = add_study(engine, draft())
    with ThreadPoolExecutor(NUM_LISTENERS) as pool:
        codes = list(pool.map(lambda _: take_part(engine, study), range(NUM_LISTENERS)))
    assert len(set(codes)) == NUM_LISTENERS
    people = [visit(engine, code) for code in codes]
    for person in people:  # all that was said is there, and nobody else's
        assert person.answers == tuple(opinion(person, place) for place in range(HEARD))
        assert person.favourite == Random(person.code).randrange(HEARD)
    with reading(engine) as connection:
        rows = connection.execute(select(schema.answers.c.code, schema.answers.c.place)).all()
        groups = connection.execute(select(schema.listeners.c.listener_group)).scalars().all()
    assert Counter(map(tuple, rows)) == {(code, place): 1 for code in codes for place in range(HEARD)}
    sizes = Counter(groups)
    assert set(sizes) == set(HUMAN_HEARD)
    assert max(sizes.values()) - min(sizes.values()) <= 1
    facts = find_study(engine, study)
    assert facts is not None
    assert (facts.num_listeners, facts.num_answers, facts.num_finished) == (40, 320, 40)
    given = ratings(engine, study)
    assert len(given) == 320
    for group, models in (("A", {2}), ("B", {1}), ("C", {1})):  # two a model, or one
        heard = Counter((one.listener, one.maker) for one in given if one.group == group and one.maker != HUMAN)
        assert set(heard.values()) == models
    times = Counter(one.excerpt for one in given if one.maker != HUMAN)
    assert max(times.values()) - min(times.values()) <= 3, "each excerpt is heard about as often as the others"


def test_many_open_a_new_database_at_once(address: str) -> None:
    def begin(_: int) -> str:
        engine = open_studies(address)
        try:
            return add_study(engine, draft(), "the-same")
        finally:
            engine.dispose()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(begin, range(8))) == {"the-same"}
    [study] = list_studies(open_studies(address))
    assert study.num_excerpts == len(draft().excerpts)


def test_labels_are_told_to_those_alone_whose_group_hears_them(engine: Engine) -> None:
    study = add_study(engine, draft())
    people = [join(engine, study, new_code()) for _ in range(6)]
    for person in people:
        with reading(engine) as connection:
            query = select(schema.listeners.c.listener_group).where(schema.listeners.c.code == person.code)
            group = connection.execute(query).scalar_one()
        assert person.labelled == (group == LABELLED)
        if group == LABELLED:
            assert Counter(person.labels) == {HUMAN: 4, MACHINE: 4}
        else:
            assert person.labels == (None,) * HEARD
        assert person.answers == (None,) * HEARD
        shown = repr(visit(engine, person.code))
        assert "model-" not in shown
        assert "Piece" not in shown


def test_of_labels_a_visit_reads_those_alone_that_it_shows(tmp_path: Path) -> None:
    engine = open_studies(f"sqlite:///{tmp_path / 'a.db'}")
    study = add_study(engine, draft())
    people = [join(engine, study, new_code()) for _ in range(3)]
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _, __, statement, *___: asked.append(statement))
    for person in people:
        asked.clear()
        visit(engine, person.code)
        assert any("maker" in statement for statement in asked) == person.labelled


def test_who_gives_up_before_an_answer_leaves_their_group_after_an_hour(engine: Engine) -> None:
    study = add_study(engine, draft())
    people = [join(engine, study, new_code(), lambda: 1e9) for _ in range(3)]
    gone = people.pop(1)
    for person in people:
        answer(engine, person.code, 0, opinion(person, 0))
    assert began(engine) == {people[0].code: None, people[1].code: None, gone.code: 1e9}, "it is forgotten"
    group = group_of(engine, gone)
    late = join(engine, study, new_code(), lambda: 1e9 + ABANDONED_SEC)
    assert group_of(engine, late) == group
    answer(engine, late.code, 0, opinion(late, 0))
    for person in (*people, late):
        assert visit(engine, person.code).answers[0] == opinion(person, 0)


def test_pressing_begin_without_end_fills_no_database(engine: Engine) -> None:
    study, other = add_study(engine, draft()), add_study(engine, draft())
    waiting = join(engine, other, new_code(), lambda: 1e9)
    codes = [join(engine, study, new_code(), lambda i=i: 1e9 + i).code for i in range(5)]
    join(engine, study, codes[4], lambda: 3e9)  # who is there goes on, and nobody is deleted
    last = join(engine, study, new_code(), lambda: 1e9 + 3.5 + ABANDONED_SEC)
    assert set(began(engine)) == {waiting.code, codes[4], last.code}
    with reading(engine) as connection:
        heard = set(connection.execute(select(schema.hearings.c.code)).scalars())
    assert heard == set(began(engine))
    with pytest.raises(UnknownListenerError, match="begin anew"):
        answer(engine, codes[0], 0, opinion(waiting, 0))


def began(engine: Engine) -> dict[str, float | None]:
    with reading(engine) as connection:
        return {row.code: row.begun for row in connection.execute(select(schema.listeners))}


def group_of(engine: Engine, person: Visit) -> str:
    with reading(engine) as connection:
        query = select(schema.listeners.c.listener_group).where(schema.listeners.c.code == person.code)
        return str(connection.execute(query).scalar_one())


def test_an_answer_given_again_replaces_the_first(engine: Engine) -> None:
    person = join(engine, add_study(engine, draft()), new_code())
    guess = None if person.labelled else HUMAN
    answer(engine, person.code, 3, Answer(1, 2, 3, guess))
    answer(engine, person.code, 3, Answer(5, 4, 3, guess))
    again = visit(engine, person.code)
    assert again.answers[3] == Answer(5, 4, 3, guess)
    assert again.answers.count(None) == HEARD - 1
    assert again.next_place == 0


@pytest.mark.parametrize("wrong", [Answer(0, 3, 3), Answer(3, 6, 3), Answer(3, 3, True), Answer(3, 3, 3, "both")])
def test_what_is_no_answer_is_refused_and_changes_nothing(engine: Engine, wrong: Answer) -> None:
    person = join(engine, add_study(engine, draft()), new_code())
    if wrong.guess is None and not person.labelled:
        wrong = wrong._replace(guess=HUMAN)
    with pytest.raises(StudyError, match=r"Give each rating|Say whether|not asked"):
        answer(engine, person.code, 0, wrong)
    assert visit(engine, person.code).answers == (None,) * HEARD


def test_a_favourite_comes_last(engine: Engine) -> None:
    person = join(engine, add_study(engine, draft()), new_code())
    with pytest.raises(StudyError, match="Rate every excerpt first"):
        favour(engine, person.code, 0)
    with pytest.raises(StudyError, match="no such excerpt"):
        answer(engine, person.code, HEARD, opinion(person, 0))
    for place in range(HEARD):
        answer(engine, person.code, place, opinion(person, place))
    with pytest.raises(StudyError, match="no such excerpt"):
        favour(engine, person.code, HEARD)
    favour(engine, person.code, 7)
    assert visit(engine, person.code).favourite == 7


def test_a_closed_study_takes_neither_listeners_nor_answers(engine: Engine) -> None:
    study = add_study(engine, draft())
    person = join(engine, study, new_code())
    answer(engine, person.code, 0, opinion(person, 0))
    set_open(engine, study, False)
    for action in (
        lambda: join(engine, study, new_code()),
        lambda: answer(engine, person.code, 1, opinion(person, 1)),
        lambda: favour(engine, person.code, 0),
    ):
        with pytest.raises(StudyError, match="no more"):
            action()
    assert visit(engine, person.code).answers[0] == opinion(person, 0)
    set_open(engine, study, True)
    answer(engine, person.code, 1, opinion(person, 1))


@pytest.mark.parametrize("text", ["\0", "0000-0000-000\0", "", "nobody", "\ud800" * 12, "0000-0000-0000"])
def test_whatever_is_typed_as_a_code_is_looked_for_or_is_none(engine: Engine, text: str) -> None:
    with pytest.raises(UnknownListenerError, match="no listener with this code"):
        visit_by(engine, text)


def test_a_code_is_found_however_it_is_typed(engine: Engine) -> None:
    person = join(engine, add_study(engine, draft()), new_code())
    assert visit_by(engine, f" {person.code.lower()} ") == person


@pytest.mark.parametrize("place", [-1, HEARD, 10**12, 10**30])
def test_a_place_that_nobody_hears_is_refused(engine: Engine, place: int) -> None:
    person = join(engine, add_study(engine, draft()), new_code())
    for ask in (
        lambda: excerpt_at(engine, person.code, place),
        lambda: answer(engine, person.code, place, opinion(person, 0)),
    ):
        with pytest.raises(StudyError, match="no such excerpt"):
            ask()
    for heard in range(HEARD):
        answer(engine, person.code, heard, opinion(person, heard))
    with pytest.raises(StudyError, match="no such excerpt"):
        favour(engine, person.code, place)


def test_strangers_and_unknown_studies_get_a_sentence(engine: Engine) -> None:
    with pytest.raises(StudyError, match="no listener with this code"):
        visit(engine, "0000-0000-0000")
    with pytest.raises(StudyError, match="no more listeners"):
        join(engine, "nowhere", new_code())
    with pytest.raises(StudyError, match="no such excerpt"):
        excerpt_at(engine, "' OR 1=1 --", 0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (draft(title="  "), "title"),
        (draft(num_models=0), "at least one model"),
        (draft(num_models=4, each=1), "at least 2 by each"),
        (draft(num_human=3), "at least 4 excerpts by people"),
        (Draft("Long", draft().excerpts, seconds=1e9), "5 to 120 seconds"),
        (Draft("Never", draft().excerpts, seconds=float("nan")), "5 to 120 seconds"),
    ],
)
def test_a_study_that_could_not_be_answered_is_refused(wrong: Draft, said: str, tmp_path: Path) -> None:
    engine = open_studies(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(StudyError, match=said):
        add_study(engine, wrong)
    assert list_studies(engine) == []


KILLED = """
import sys, time
from core.listening.schema import open_studies
from core.listening.visits import Answer, answer, join
engine = open_studies(sys.argv[1])
person = join(engine, sys.argv[2], sys.argv[3])
answer(engine, person.code, 5, Answer(2, 3, 4, None if person.labelled else "human"))
print("stored", flush=True)
from core.listening.database import writing
from sqlalchemy import text
with writing(engine) as connection:
    connection.execute(text("DELETE FROM answers"))
    print("in the middle", flush=True)
    time.sleep(600)
"""


def test_what_was_acknowledged_survives_a_kill_and_what_was_not_leaves_no_trace(address: str) -> None:
    engine, code = open_studies(address), new_code()
    study = add_study(engine, draft())
    command = [sys.executable, "-c", KILLED, address, study, code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        assert process.stdout.readline() == "in the middle\n"
        process.kill()
    engine.dispose()
    person = visit(open_studies(address), code)
    assert person.answers[5] is not None
    assert person.answers[5][:3] == (2, 3, 4)
    answer(open_studies(address), code, 6, opinion(person, 6))  # nothing is locked


def test_an_old_database_is_brought_up_to_date_with_all_that_is_in_it(engine: Engine) -> None:
    study = add_study(engine, draft())
    code = new_code()
    person = join(engine, study, code)
    answer(engine, code, 0, opinion(person, 0))
    remark = (*MIGRATIONS, ("ALTER TABLE answers ADD COLUMN remark TEXT", "UPDATE answers SET remark = 'none'"))
    for _ in range(2):  # the second time there is nothing to do
        migrate(engine, remark)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT remark FROM answers")).scalars().all() == ["none"]
        versions = connection.execute(text("SELECT version FROM schema_version ORDER BY version")).scalars().all()
    assert versions == list(range(1, len(remark) + 1))
    assert visit(engine, code).answers[0] == opinion(person, 0)
    with pytest.raises(StudyError, match="newer Tunesmith"):
        migrate(engine)


def test_a_study_of_the_first_versions_opens(address: str) -> None:
    engine = open_database(address)
    migrate(engine, MIGRATIONS[:2])
    with writing(engine) as connection:
        for statement in (
            "INSERT INTO studies VALUES ('old', 'Old', 5, '2025-01-01', TRUE)",
            """INSERT INTO excerpts VALUES ('old', 0, 'gru', 'GRU', '{"kind": "model", "checkpoint": "gru", "seed": 1,
            "style": ""}', NULL)""",
            "INSERT INTO listeners VALUES ('CODE', 'old', 'A', NULL), ('IDLE', 'old', 'B', NULL)",
            "INSERT INTO hearings VALUES ('CODE', 0, 'old', 0)",
            "INSERT INTO answers VALUES ('CODE', 0, 1, 2, 3, 'human')",
        ):
            connection.execute(text(statement))
    migrate(engine)
    [study] = list_studies(engine)
    assert (study.id, study.instrument, study.num_answers) == ("old", None, 1)
    assert visit(engine, "CODE").answers == (Answer(1, 2, 3, "human"),)
    assert began(engine) == {"CODE": None, "IDLE": 0}
    with reading(engine) as connection:
        source = connection.execute(select(schema.excerpts.c.source)).scalar_one()
    assert json_to_source(source) == Generated("gru", 1)
    engine.dispose()


def test_a_step_that_fails_leaves_the_old_version(engine: Engine) -> None:
    bad = (*MIGRATIONS, ("CREATE TABLE half (id TEXT)", "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(StudyError):
        migrate(engine, bad)
    assert "half" not in inspect(engine).get_table_names()
    migrate(engine)


def test_the_tables_are_as_the_queries_have_them(engine: Engine) -> None:
    found = inspect(engine)
    for name, table in schema.tables.tables.items():
        assert [column["name"] for column in found.get_columns(name)] == list(table.columns.keys())
        assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    missing = f"postgresql://nobody@/nothing?host={tmp_path}"
    with pytest.raises(StudyError, match="does not answer"):
        open_studies(missing)
    for wrong in ("studies.db", "sqlite://", "mysql://host/name", "postgresql://host:port/x"):
        with pytest.raises(StudyError, match="TUNESMITH_STUDIES"):
            open_database(wrong)


def test_a_file_that_is_no_database_is_named_beside_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as the head of one" * 9)
    (tmp_path / "folder.db").mkdir()
    for name in ("text.db", "folder.db"):
        with pytest.raises(StudyError, match=f"{name} cannot be used .* set TUNESMITH_STUDIES to another file"):
            open_studies(f"sqlite:///{tmp_path / name}")


def test_a_file_that_another_writes_to_is_worth_another_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.listening.database.WAIT_SEC", 0.01)
    address = f"sqlite:///{tmp_path / 'a.db'}"
    with writing(open_studies(address)), pytest.raises(StudyError, match="does not answer; try again in a moment"):
        open_studies(address)


def test_the_place_of_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TUNESMITH_STUDIES", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert database_address() == f"sqlite:///{tmp_path}/tunesmith/studies.db"
    monkeypatch.setenv("TUNESMITH_STUDIES", "postgresql://host/name")
    assert database_address() == "postgresql://host/name"


def test_sqlite_is_safe_against_a_loss_of_power(tmp_path: Path) -> None:
    engine = open_studies(f"sqlite:///{tmp_path / 'a.db'}")
    with reading(engine) as connection:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value
    with pytest.raises(StudyError), writing(engine) as connection:
        connection.execute(text("INSERT INTO answers VALUES ('nobody', 0, 1, 1, 1, NULL)"))


def test_codes_are_read_as_people_type_them() -> None:
    code = new_code()
    assert read_code(f"  {code.lower().replace('-', ' ')} ") == code
    assert read_code("oil0-1111-2222") == "0110-1111-2222"
    assert [read_code(wrong) for wrong in ("", "ABC", code + "A", "UUUU-UUUU-UUUU", "…" * 12)] == [None] * 5
    assert len({new_code() for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("num_models", [1, 3, 4, 8, 11])
@pytest.mark.parametrize("group", ["A", "B", "C"])
def test_eight_excerpts_as_even_as_can_be(group: str, num_models: int) -> None:
    makers = [excerpt.maker for excerpt in draft(num_models, each=8).excerpts]
    heard: Counter[int] = Counter()
    for listener in range(30):
        numbers = draw(group, makers, heard, str(listener))
        assert len(set(numbers)) == HEARD
        by_maker = Counter(makers[number] for number in numbers)
        assert by_maker.pop(HUMAN, 0) == HUMAN_HEARD[group]
        shares = [by_maker[maker] for maker in set(makers) - {HUMAN}]
        assert max(shares) - min(shares) <= 1
        heard.update(numbers)
    totals = Counter({maker: 0 for maker in makers if maker != HUMAN})
    for number, times in heard.items():
        totals[makers[number]] += times
    del totals[HUMAN]
    assert max(totals.values()) - min(totals.values()) <= 1


def test_every_listener_has_an_order_of_their_own() -> None:
    makers = [excerpt.maker for excerpt in draft().excerpts]
    orders = {tuple(draw("B", makers, {}, str(listener))) for listener in range(20)}
    assert len(orders) == 20
    first = Counter(makers[draw("B", makers, {}, str(listener))[0]] == HUMAN for listener in range(400))
    assert 150 < first[True] < 250


def test_the_smallest_group_is_next() -> None:
    assert next_group({"A": 3, "B": 2, "C": 3}, "x") == "B"
    assert {next_group({}, str(i)) for i in range(30)} == set(HUMAN_HEARD)


def test_sources_survive_the_database() -> None:
    for excerpt in draft().excerpts:
        assert json_to_source(source_to_json(excerpt.source)) == excerpt.source
    for wrong in ("", "[]", "null", '{"kind": "future"}', '{"kind": "model", "seed": 1}'):
        with pytest.raises(StudyError, match="not known"):
            json_to_source(wrong)
