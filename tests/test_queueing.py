"""Who is next: at most so many at once, visits in turn, and a place that is always given back."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.runtime.scriptrunner import RerunException, StopException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from core.errors import InputError
from core.ui.queueing import BusyError, Look, Turnstile

JOIN_SEC = 30.0


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ui.queueing.LOOK_EVERY_SEC", 0.005)


class Crowd:
    """Jobs in threads of their own that wait, in a known order, while the test itself is the one inside."""

    def __init__(self, turnstile: Turnstile) -> None:
        self.turnstile, self.served = turnstile, list[str]()
        self.threads: list[threading.Thread] = []

    def come(self, visit: str, look: Look | None = None, body: Callable[[], object] | None = None) -> None:
        """Returns when the job waits."""

        def job() -> None:
            try:
                with self.turnstile.turn(visit, look):
                    self.served.append(visit)
                    if body:
                        body()
            except BaseException:
                pass

        waiting = self.turnstile.num_waiting
        self.threads.append(threading.Thread(target=job, daemon=True))
        self.threads[-1].start()
        until(lambda: self.turnstile.num_waiting > waiting)

    def all_leave(self) -> None:
        for thread in self.threads:
            thread.join(JOIN_SEC)
            assert not thread.is_alive()


def until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(JOIN_SEC / 0.002)):
        if true():
            return
        pause.wait(0.002)
    pytest.fail("it never came to pass")


@pytest.fixture
def turnstile() -> Iterator[Turnstile]:
    """With one place, which is free again after every test."""
    one = Turnstile(1)
    yield one
    assert (one.num_free, one.num_waiting) == (1, 0)


def in_turns(visits: str) -> str:
    """The order in which a queue is to be served, by the definition: one of each visit, round and round."""
    rounds = [[visit for visit in dict.fromkeys(visits) if visits.count(visit) > i] for i in range(len(visits))]
    return "".join(visit for each in rounds for visit in each)


@pytest.mark.parametrize(
    ("came", "served"),
    [("abc", "abc"), ("aaab", "abaa"), ("aaaaaaaaaab", "abaaaaaaaaa"), ("aabbc", "abcab"), ("abacab", "abcaba")],
)
def test_a_visit_with_many_jobs_has_one_turn_for_each_of_the_others(turnstile, came: str, served: str) -> None:
    crowd = Crowd(turnstile)
    with turnstile.turn("the test"):
        for visit in came:
            crowd.come(visit)
    crowd.all_leave()
    assert "".join(crowd.served) == served == in_turns(came)


@given(st.text("abcd", min_size=1, max_size=12))
def test_the_place_that_is_told_is_the_one_that_comes_true(came: str) -> None:
    turnstile = Turnstile(1)
    crowd, order = Crowd(turnstile), list[int]()
    told: list[list[int]] = [[] for _ in came]
    with turnstile.turn("the test"):
        for i, visit in enumerate(came):
            crowd.come(visit, told[i].append, partial(order.append, i))
        seen = [len(places) for places in told]  # when not all had come
        until(lambda: all(len(places) > before + 1 for places, before in zip(told, seen, strict=True)))
        promised = [places[-1] for places in told]
    crowd.all_leave()
    assert [promised[i] for i in order] == list(range(1, len(came) + 1))
    assert "".join(came[i] for i in order) == in_turns(came)


def test_who_waits_sees_the_queue_move_and_last_that_it_is_over(turnstile) -> None:
    crowd, told = Crowd(turnstile), []
    go = threading.Event()
    with turnstile.turn("the test"):
        crowd.come("a", body=lambda: go.wait(JOIN_SEC))
        crowd.come("b", look=told.append)
        until(lambda: 2 in told)
    until(lambda: 1 in told)
    go.set()
    crowd.all_leave()
    assert list(dict.fromkeys(told)) == [2, 1, 0]
    assert told.count(0) == 1


def test_who_is_let_in_at_once_is_told_nothing(turnstile) -> None:
    with turnstile.turn("a", look=lambda _: pytest.fail("there is no queue")):
        pass


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        InputError("bad"),
        StopException(),
        RerunException(RerunData()),
        KeyboardInterrupt(),
    ],
)
def test_whatever_ends_a_job_frees_its_place(turnstile, error: BaseException) -> None:
    with pytest.raises(type(error)), turnstile.turn("a"):
        raise error
    with turnstile.turn("b", longest_sec=0):
        assert turnstile.num_free == 0


@pytest.mark.parametrize("error", [StopException(), RerunException(RerunData()), InputError("gone")])
def test_a_look_that_raises_ends_the_waiting_and_the_others_move_up(turnstile, error: BaseException) -> None:
    crowd, ended, told = Crowd(turnstile), threading.Event(), []

    def leave(_: int) -> None:
        if ended.is_set():
            raise error

    with turnstile.turn("the test"):
        crowd.come("leaves", look=leave)
        crowd.come("stays", look=told.append)
        until(lambda: 2 in told)
        ended.set()
        until(lambda: turnstile.num_waiting == 1)
        until(lambda: told[-1] == 1)
    crowd.all_leave()
    assert crowd.served == ["stays"]


def test_a_wait_has_an_end_and_a_sentence(turnstile) -> None:
    told: list[int] = []
    said: list[str] = []

    def late() -> None:
        try:
            with turnstile.turn("late", told.append, longest_sec=0.05):
                told.append(-1)  # there was no place
        except InputError as error:
            said.append(str(error))

    with turnstile.turn("the test"):
        thread = threading.Thread(target=late, daemon=True)
        thread.start()
        thread.join(JOIN_SEC)
        assert turnstile.num_waiting == 0
    assert said == ["The machine is busy; try again in a minute."]
    assert told[-1] == 0, "the page is told that the waiting is over"
    assert issubclass(BusyError, InputError)


def test_a_job_inside_a_job_needs_no_second_place(turnstile) -> None:
    with turnstile.turn("a"):
        with turnstile.turn("a", longest_sec=0), turnstile.turn("b", longest_sec=0):
            assert turnstile.num_free == 0
        assert turnstile.num_free == 0, "the place belongs to the outer one"


def test_a_long_job_lets_the_others_go_first_and_goes_on(turnstile) -> None:
    crowd, done = Crowd(turnstile), []
    with turnstile.turn("long"):
        for visit in "aab":
            crowd.come(visit)
        for step in range(3):
            turnstile.give_way(after_sec=0)
            done.append((step, "".join(crowd.served)))
            assert turnstile.num_free == 0
    crowd.all_leave()
    assert done == [(0, "ab"), (1, "aba"), (2, "aba")], "one turn for each of the others, then none is left"


def test_a_job_that_has_just_begun_or_has_no_place_gives_no_way(turnstile) -> None:
    turnstile.give_way(after_sec=0)
    crowd = Crowd(turnstile)
    with turnstile.turn("short"):
        turnstile.give_way(after_sec=0)
        crowd.come("a")
        turnstile.give_way(after_sec=3600)
        assert not crowd.served
    crowd.all_leave()


def test_a_long_job_that_is_ended_while_it_lets_others_go_first_frees_its_claim(turnstile) -> None:
    crowd, go = Crowd(turnstile), threading.Event()

    def leave(_: int) -> None:
        raise StopException

    def long() -> None:
        with turnstile.turn("long"):
            crowd.come("a", body=lambda: go.wait(JOIN_SEC))
            turnstile.give_way(look=leave, after_sec=0)

    with pytest.raises(StopException):
        long()
    assert turnstile.num_waiting == 0
    go.set()
    crowd.all_leave()


@pytest.mark.parametrize("num_places", [1, 2, 3])
def test_many_threads_never_more_inside_than_there_are_places(num_places: int) -> None:
    turnstile, inside, most, done = Turnstile(num_places), Counter(), [0], Counter()
    lock, start, pause = threading.Lock(), threading.Barrier(12), threading.Event()

    def step(change: int) -> None:
        with lock:
            inside["jobs"] += change
            most[0] = max(most[0], inside["jobs"])

    def look(_: int) -> None:
        step(0)

    def give_way() -> None:
        step(-1)
        try:
            turnstile.give_way(look, after_sec=0)
        finally:
            step(1)

    def visitor(number: int) -> None:
        start.wait(JOIN_SEC)
        for job in range(40):
            try:
                with turnstile.turn(number % 5, look):
                    step(1)
                    pause.wait(0.0002)
                    try:
                        with turnstile.turn(number):
                            give_way()
                        if job % 7 == 0:
                            raise StopException
                    finally:
                        step(-1)
            except StopException:
                pass
            with lock:
                done[number] += 1

    threads = [threading.Thread(target=visitor, args=(number,), daemon=True) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_SEC)
    assert set(done.values()) == {40}
    assert most[0] == num_places
    assert (turnstile.num_free, turnstile.num_waiting) == (num_places, 0)
