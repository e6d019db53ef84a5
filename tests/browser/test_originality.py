"""Whether a piece is copied, as a visitor reads it: a sentence, and the passage marked in two scores."""

from __future__ import annotations

from collections.abc import Callable

from core.data.corpora import load_corpus
from core.evaluation.originality import in_words, load_index, originality
from tests.browser.conftest import settle
from tests.browser.visit import Visit


def test_the_sentence_and_the_passage_in_both_scores(app_url: str, new_page: Callable) -> None:
    load_corpus("essen")  # into the cache that the server shares, so that no visitor waits for it
    visit = Visit(new_page(), app_url)
    page, known = visit.page, load_index("essen")
    assert known is not None
    found = originality(visit.piece.written, known)
    assert found.longest
    page.get_by_text(in_words(found, known), exact=True).wait_for()
    assert page.locator(".score-view").count() == 1
    page.get_by_text("The passage in both scores").click()
    for key, title, passage in (
        ("here", "This piece", found.passage),
        ("there", found.tune, found.tune_passage),
    ):
        shown = page.locator(f".st-key-passage-{key}")
        shown.locator("g.note.selected").first.wait_for(state="attached")
        settle(page)
        marked = shown.locator("g.note.selected").evaluate_all("notes => notes.map((note) => note.id)")
        assert len({name.partition("t")[0] for name in marked}) == len(passage)
        page.get_by_text(f"{title}, notes {passage.start + 1} to {passage.stop}").wait_for()
    page.get_by_text("The passage in both scores").click()
    shown.wait_for(state="detached")
    assert page.locator(".score-view").count() == 1
