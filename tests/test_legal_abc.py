"""The grammar lets real tunes through as they are, and nothing but legal tunes through whatever is drawn."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor

from core.codecs import AbcCharsCodec
from core.data.abc_tunes import COLLECTIONS
from core.data.essen import music21_corpora
from core.errors import InputError
from core.formats.abc_check import check_tune
from core.formats.abc_notation import split_tunes
from core.sampling.abc_body import Body
from core.sampling.legal_abc import START, LegalAbc, State, allowed, follow

CODEC = AbcCharsCodec()
ALPHABET, END = CODEC.alphabet, CODEC.end_token
JIG = "X:1\nT:A jig\nR:jig\nM:6/8\nL:1/8\nK:D\n"
REEL = "X:1\nM:C|\nL:1/8\nK:Ador\n"
POLKA = "X:1\nM:2/4\nL:1/8\nK:G\n"
# Where a walk through the mask should often lead, so that it meets bars, repeats and endings.
WEIGHTS = dict.fromkeys("abcdefgABCDEFG", 12.0) | {"|": 300, ":": 90, "2": 10, "/": 4, "[": 4, "1": 9, ">": 4, "3": 4}
WEIGHTS |= dict.fromkeys('{"!+\\%', 0.2) | dict.fromkeys("HIJKLMNOPQRSTUVWhijklmnopqrstuvw", 0.1)

TUNES = [
    JIG + "d|:DFA dAF|GBA G2e|1 A3 A2d:|2 A3 A2||\nP:B\n|:e|fef gfe|dcd {e}edB|[ce]3 A3:|",
    JIG + "ABc|~d3 dcA|BAG Bcd|A3:|",
    REEL + 'E2|A2cA (3efg fe|d>cB<A G2AB|"Am"c2 z2 !trill!e\'2 d,2-|d8|]',
    REEL + "A8 \\\n|B8|1 c8:|\n[2 d8|]\nW:words: and | signs",
    POLKA + "V:1\nAB cd|e4|]\nV:2\nG4|G4|]",
    POLKA + "AB cd|[M:3/4][K:Em]e6|(5ABcde (3:2:2 A2B c/>d/e|e6||\n% a comment\nf6|",
    "M:none\nK:C\nABc|d|ef",
    "K:C\nABcd",
]


def after(text: str) -> State:
    """Where ``text`` leads, each of whose characters has to be allowed."""
    state: State | None = START
    for i, character in enumerate(text):
        assert character in allowed(state, ALPHABET), f"{text[:i]!r} may not go on with {character!r}"
        state = follow(state, character)
        assert state is not None
    return state


def lets_through(text: str) -> bool:
    try:
        return ends(after(text))
    except AssertionError:
        return False


def ends(state: State) -> bool:
    return isinstance(state, Body) and state.may_end


def walk(seed: int, header: str, length: int, weights: dict[str, float]) -> str:
    """A tune of about ``length`` characters drawn through the mask, those without a weight having 1."""
    rng, text, state = random.Random(seed), header, after(header)
    while not (ends(state) and len(text) >= length):
        choices = allowed(state, ALPHABET)
        assert choices, f"nothing may follow {text[-200:]!r}"
        text += rng.choices(choices, [weights.get(character, 1.0) for character in choices])[0]
        following = follow(state, text[-1])
        assert following is not None
        state = following
    return text


@pytest.mark.parametrize("tune", TUNES)
def test_tunes_of_every_construct_pass_as_they_are(tune: str) -> None:
    assert check_tune(tune).legal
    assert lets_through(tune)


def test_a_part_begins_with_an_upbeat_only_where_a_bar_lacks_it() -> None:
    lacking, too_much = POLKA + "A|ABcd|ABc:|\n|:e|fedc|ABc:|", POLKA + "ABcd|ABcd:|\n|:e|fedc|ABcd:|"
    assert check_tune(lacking).legal
    assert lets_through(lacking)
    assert check_tune(too_much).legal
    assert not lets_through(too_much)


def test_nine_in_ten_legal_tunes_of_the_irish_collections_pass_as_they_are() -> None:
    paths = (path for name in COLLECTIONS for path in sorted((music21_corpora() / name).glob("*.abc")))
    texts = "\n\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)
    sample = [CODEC.plain(tune).strip() for tune in split_tunes(texts)[::40]]
    legal = [tune for tune in sample if check_tune(tune).legal]
    assert len(legal) > 80
    assert sum(map(lets_through, legal)) >= 0.9 * len(legal)


@pytest.mark.parametrize("header", [JIG, REEL, POLKA, "M:3/8\nL:1/32\nK:C\n", "M:7/16\nL:1/1\nK:C\n", "K:C\n"])
def test_whatever_is_drawn_is_legal(header: str) -> None:
    for seed in range(5):
        tune = walk(seed, header, 60 * seed, WEIGHTS)
        assert check_tune(tune).legal, tune


def test_headers_drawn_evenly_are_legal_too() -> None:
    for seed in range(6):
        tune = walk(seed, "", 50, WEIGHTS | {"K": 100.0, "\n": 20.0})
        assert check_tune(tune).legal, tune


@pytest.mark.parametrize(
    ("music", "may", "may_not"),
    [
        ("", "A^z|([{", "0123>-]"),
        ("ABcd|ABc", "d/2", "|4"),  # an eighth is left
        ("ABcd|ABcd", "|:/", "A2>"),  # the bar is full
        ("ABcd|AB>", "c", "|:\n"),  # what is broken goes on
        ("ABcd|(3AB", "c", "|:\n"),  # and so does a triplet
        ("ABcd|(3ABc", "A", "|6"),  # two eighths are left
        ("|:ABcd", "|:", "A"),
        ("ABcd|1ABcd:|", "2[|", "AB("),  # the second ending comes at once
        ("A|ABcd|ABc:", "|:", "A"),  # the last bar completes the upbeat
        ("[Ac", "]/", "|z"),
        ("ABcd|(3AB", "c", "\\%"),  # which the line would end with
        ("ABcd|AB" + 47 * " ", " c", "|"),
        ("ABcd|AB" + 48 * " ", "c", " |"),  # a network may not go on so for ever
        ("ABcd|AB" + 48 * "T", "c", " T(|"),
        ("ABcd|ABcd|\nN:" + 200 * "a", "\n", "a"),
        ("ABcd|ABcd|%" + 200 * "a", "\n", "a"),
        ('ABcd|"G', '"7', "|\n"),  # what is quoted holds no bar line
        ("ABcd|A(", "^B.z[3", " |\n):"),  # what belongs to a note comes right before it
        ("ABcd|A.v", '^Bz["', " |\n):"),
        ("ABcd|A.[", "Bc", "K|1"),
        ("ABcd|ABcd", 'HS" )', ".~uT("),  # and needs room for it
        ("ABcd|ABcd|\n", "NTu(", ""),
        ("ABcd|ABcd\n", "NT|", "u(A"),  # a T may still open a field
        ("A|ABcd|AB", "cd", ":"),  # what is played again adds up
        ("|:ABcd||\n||A", "B", "|"),  # no upbeat of a part that is not gone back to
        ("ABcd|AB\\" + 47 * " ", "\n", " c|"),
    ],
)
def test_bars_decide_what_may_follow(music: str, may: str, may_not: str) -> None:
    following = allowed(after(POLKA + music), ALPHABET)
    assert set(may) <= set(following)
    assert not set(may_not) & set(following)


@pytest.mark.parametrize(
    ("music", "over"),
    [
        ("", False),
        ("ABcd", True),
        ("ABcd|", True),
        ("ABcd|AB", False),
        ("A|ABcd|ABc|]", True),
        ("|:ABcd", False),
        ("|:ABcd:|", True),
        ("ABcd|1ABcd", False),
        ("ABcd|1ABcd:|2", False),
        ("ABcd|1ABcd:|2ABcd", True),
        ("zz z2", False),
    ],
)
def test_a_tune_may_end_when_all_is_complete(music: str, over: bool) -> None:
    assert ends(after(POLKA + music)) == over


def test_fields_take_only_what_the_reader_understands() -> None:
    assert set(allowed(after("K:"), ALPHABET)) == set("ABCDEFGHn ")
    assert "\n" not in allowed(after("M:6/"), ALPHABET)
    assert set(allowed(after("L:1/"), ALPHABET)) == set("12348")
    assert "X" not in allowed(after("X:1\n"), ALPHABET)


def tokens_of(text: str) -> Tensor:
    return torch.tensor([[CODEC.bos_token, *CODEC.tokens_of(text)]])


def kept(text: str, logits: Tensor | None = None) -> Tensor:
    scores = torch.zeros(1, CODEC.vocab_size) if logits is None else logits
    return LegalAbc(ALPHABET, END)(tokens_of(text), scores).isfinite()[0]


def test_the_processor_keeps_what_is_allowed_and_passes_over_the_start() -> None:
    mask = kept(POLKA + "ABcd")
    assert "".join(ALPHABET[i] for i in range(END) if mask[i]) == allowed(after(POLKA + "ABcd"), ALPHABET)
    assert mask[END]
    assert not mask[CODEC.bos_token]


def test_behind_the_end_only_ends_follow() -> None:
    tokens = torch.cat([tokens_of(POLKA + "ABcd"), torch.tensor([[END]])], dim=1)
    scores = LegalAbc(ALPHABET, END)(tokens, torch.zeros(1, CODEC.vocab_size))
    assert scores.isfinite().nonzero().tolist() == [[0, END]]


def test_rows_may_change_places_from_call_to_call() -> None:
    first, second = tokens_of(POLKA + "ABcdA"), tokens_of(POLKA + "ABcd|")
    processor, logits = LegalAbc(ALPHABET, END), torch.zeros(2, CODEC.vocab_size)
    starts = torch.cat([first[:, :-1], second[:, :-1]])
    processor(starts[:, :-1], logits)
    processor(starts, logits)
    text = [POLKA + "ABcd|", POLKA + "ABcd:"]
    tokens = torch.cat([tokens_of(one) for one in text])
    together = processor(tokens, logits).isfinite()
    assert torch.equal(together, torch.stack([kept(one) for one in text]))


def test_logits_are_left_alone() -> None:
    logits = torch.zeros(1, CODEC.vocab_size)
    LegalAbc(ALPHABET, END)(tokens_of(POLKA), logits)
    assert not logits.any()


def test_a_model_that_wants_what_is_illegal_is_held_to_bare_music() -> None:
    logits = torch.zeros(1, CODEC.vocab_size)
    logits[0, ALPHABET.index("|")] = 20.0  # an eighth too soon
    mask = kept(POLKA + "ABcd|ABc", logits)
    following = {ALPHABET[i] for i in range(END) if mask[i]}
    assert following >= set("dz^/")
    assert not following & set('"!({[ \nT')
    assert kept(POLKA + "ABcd|ABc")[ALPHABET.index('"')]


@pytest.mark.parametrize(("music", "end"), [('ABcd|A"Bc', '"'), ("ABcd|A!tr", "!"), ("ABcd|\nN:Slow", "\n")])
def test_a_model_that_wants_what_is_illegal_in_a_text_is_held_to_its_end(music: str, end: str) -> None:
    logits = torch.zeros(1, CODEC.vocab_size)
    logits[0, CODEC.bos_token] = 20.0  # which is never legal
    mask = kept(POLKA + music, logits)
    assert [ALPHABET[i] for i in range(END) if mask[i]] == [end]


def test_what_is_given_and_cannot_become_legal_is_refused() -> None:
    with pytest.raises(InputError, match="What is given"):
        kept(POLKA + "ABcdefg|")
