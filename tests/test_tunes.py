"""Tunes written character by character: what is given stands, and every tune is what its own seed alone gives."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import core.checkpoint
from core import cli
from core.checkpoint import Checkpoint, save_checkpoint
from core.codecs import AbcCharsCodec, Encoded
from core.errors import InputError
from core.files import read_score
from core.formats.abc_check import check_tune
from core.formats.abc_notation import abc_to_score
from core.generate import blank, write
from core.likelihood import token_log_probs
from core.sampling import SamplingConfig
from core.tunes import HOLE, MAX_FIELD, Draft, Header, drafts, write_tune
from models.echo import Echoing
from tests.conftest import tiny_checkpoint

CODEC = AbcCharsCodec()
SAMPLING = SamplingConfig(temperature=0.9, seed=4)


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    return tiny_checkpoint("char-lstm")


def soon_at_its_end(bias: float) -> Checkpoint:
    """A model that holds the end likely wherever it may be, and the key before it: its headers are short."""
    checkpoint = tiny_checkpoint("char-lstm")
    with torch.no_grad():
        checkpoint.model.head.bias[CODEC.tokens_of("\nK")] += 4
        checkpoint.model.head.bias[CODEC.end_token] = bias
    return checkpoint


def last(checkpoint: Checkpoint, prompt: str = "", sampling: SamplingConfig = SAMPLING, **options: int) -> Draft:
    *_, draft = drafts(checkpoint, prompt, sampling, **options)
    return draft


def test_a_header_is_spelt_and_ordered_as_the_corpora_have_it() -> None:
    header = Header(" La Bourrée ", "jig", "6/8", "1/8", "Ador")
    assert header.prompt() == "X:1\nT:La Bourree\nR:jig\nM:6/8\nL:1/8\nK:Ador\n"
    assert header.prompt("A2B c3|") == header.prompt() + "A2B c3|"
    assert abc_to_score(header.prompt("A2B c3|")).pitches == (69, 71, 72)


def test_what_is_left_open_before_what_is_given_is_a_hole() -> None:
    assert Header().prompt() == ""
    assert Header(title="Up").prompt() == "X:1\nT:Up\n"
    assert Header(metre="3/4").prompt() == f"X:1\nT:{HOLE}\nR:{HOLE}\nM:3/4\n"
    assert Header().prompt("GAB").endswith(f"M:{HOLE}\nL:1/8\nK:{HOLE}\nGAB")  # what letters last must be known


@pytest.mark.parametrize(
    ("header", "first_bar", "sentence"),
    [
        ({"metre": "6/7"}, "", "The metre 6/7 is none that can be played, so write one such as 3/4."),
        ({"metre": "quick"}, "", "'quick' is no metre; write one such as 6/8, C| or none."),
        ({"unit": "short"}, "", "The unit note length is not a fraction, so write one such as L:1/8."),
        ({"key": "H"}, "", "'H' is no key, so write one such as K:G or K:Ador."),
        ({"title": "Жар"}, "", "The title holds 'Ж', which the models cannot write; leave it out."),
        ({"title": "one\ntwo"}, "", r"The title holds '\n', which the models cannot write; leave it out."),
        ({"rhythm": "x" * 81}, "", "The rhythm is longer than 80 characters; shorten it."),
        ({}, "GA%B", None),
        ({}, "z2", "There is no note in the first bar; write one, such as G."),
        ({}, "GA [B", "Character 4 of the first bar: [ is never closed, so add a ]."),
        ({"metre": "2/4", "unit": "1/4"}, "GAB", "The first bar lasts 3 quarters, and a bar of 2/4 2; "),
        ({"metre": "2/4", "unit": "1/4"}, "GA|B", None),
    ],
)
def test_what_cannot_begin_a_tune_is_named(header: dict[str, str], first_bar: str, sentence: str | None) -> None:
    if sentence is None:
        Header(**header).prompt(first_bar)
        return
    with pytest.raises(InputError) as error:
        Header(**header).prompt(first_bar)
    assert str(error.value).startswith(sentence)


@settings(max_examples=200)
@given(st.lists(st.text(max_size=12), min_size=6, max_size=6))
def test_whatever_is_typed_gives_a_prompt_that_the_models_can_read_or_a_sentence(typed: list[str]) -> None:
    *fields, first_bar = typed
    with suppress(InputError):
        assert set(Header(*fields).prompt(first_bar)) <= set(CODEC.alphabet) | {HOLE}


@pytest.mark.parametrize("architecture", ["char-rnn", "char-lstm", "char-lstm-echo"])
def test_it_draws_what_the_search_draws_with_one_beam(architecture: str) -> None:
    checkpoint = tiny_checkpoint(architecture)
    prompt = Header("Up", "jig", "6/8", "1/8", "G").prompt("GAB|")
    sampling = SamplingConfig(temperature=0.8, top_k=30, top_p=0.9, repeat_decay=0.2, echo=0.6, seed=7)
    fixed = blank(120, CODEC.tokens_of(prompt))
    tokens, log_likelihood = write(checkpoint, fixed, None, sampling, None)
    draft = last(checkpoint, prompt, sampling, max_characters=120)
    assert draft.text == CODEC.text_of(tokens)
    assert draft.log_likelihood == pytest.approx(log_likelihood)
    assert (draft.begins, draft.num_drawn) == (len(prompt), len(tokens) - len(prompt))


def test_a_network_trusts_its_echo_as_the_settings_say() -> None:
    checkpoint = tiny_checkpoint("char-lstm-echo")
    assert isinstance(checkpoint.model, Echoing)
    with torch.no_grad():
        checkpoint.model.gain.bias += 4
    draft = last(checkpoint, sampling=SamplingConfig(seed=7, echo=0.2), max_characters=60)
    tokens = torch.tensor(CODEC.tokens_of(draft.text))

    def likelihood(trust: float) -> float:
        twin = checkpoint._replace(model=checkpoint.model.trusting(trust))
        return token_log_probs(twin, Encoded(tokens)).sum().item()

    assert draft.log_likelihood == pytest.approx(likelihood(0.2), rel=1e-5)
    assert draft.log_likelihood != pytest.approx(likelihood(1.0), rel=1e-3)


def test_a_tune_grows_and_is_the_same_whoever_is_written_beside_it(model: Checkpoint) -> None:
    seeds = range(4, 7)
    growing = [write_tune(model, "X:1\n", replace(SAMPLING, seed=seed), max_characters=60) for seed in seeds]
    together: list[list[str]] = [[] for _ in seeds]
    for texts in zip(*growing, strict=False):
        for so_far, text in zip(together, texts, strict=True):
            assert not so_far or text.startswith(so_far[-1])
            so_far.append(text)
    for seed, so_far in zip(seeds, together, strict=True):
        alone = list(write_tune(model, "X:1\n", replace(SAMPLING, seed=seed), max_characters=60))
        assert alone[: len(so_far)] == so_far
    assert len({so_far[-1] for so_far in together}) == 3


def test_the_model_fills_the_holes_and_what_is_given_stands_behind_them(model: Checkpoint) -> None:
    draft = last(model, Header(metre="6/8", key="Em").prompt("GAB|"), max_characters=400)
    pattern = r"X:1\nT:(.*)\nR:(.*)\nM:6/8\nL:1/8\nK:Em\nGAB\|"
    found = re.match(pattern, draft.text)
    assert found is not None
    assert all(len(line) <= MAX_FIELD for line in found.groups())
    assert draft.begins == found.end()


@pytest.mark.parametrize(
    ("given", "written", "tune"),
    [
        ("", "X:1\nT:A\nB:Book\nZ:Me\nM:4/4\nK:C\nC8|\nA:|\n", "X:1\nT:A\nM:4/4\nK:C\nC8|\nA:|\n"),
        ("X:1\nT:A\nC:Mine\n", "O:Book\nK:C\nC8|", "X:1\nT:A\nC:Mine\nK:C\nC8|"),
        ("X:1\nK:C\n", "A:|\nB:|", "X:1\nK:C\nA:|\nB:|"),
        ("", "X:1\nB:Book\n", "X:1\nB:Book\n"),  # no tune yet
    ],
)
def test_credits_that_the_model_made_up_are_left_out(given: str, written: str, tune: str) -> None:
    assert Draft(given + written, len(given), len(written), -1.0, True).tune == tune


def test_it_ends_with_the_end_and_says_so(model: Checkpoint) -> None:
    draft = last(soon_at_its_end(50), Header(key="G").prompt())
    assert draft.ended
    assert draft.text == draft.text[: draft.begins]  # the end is no character, nor does it come within the header
    assert draft.text.endswith("\nK:G\n")
    assert not last(model, max_characters=3).ended
    assert len(last(model, max_characters=3).text) == 3
    assert last(model, "X:1\nK:C\n", max_characters=3).text == "X:1\nK:C\n"


@pytest.mark.parametrize("seed", range(3))
def test_only_legal_tunes_are_written_when_asked_for(seed: int) -> None:
    ready = soon_at_its_end(4)
    draft = last(ready, Header(metre="3/4", key="D").prompt("DFA"), replace(SAMPLING, seed=seed), legal=True)
    assert draft.ended
    assert check_tune(draft.text).legal
    assert not check_tune(last(ready, "", replace(SAMPLING, seed=seed)).text).legal


def test_settings_of_other_models_and_other_models_are_refused(model: Checkpoint) -> None:
    for other in ({"num_beams": 2}, {"key": "G"}, {"lowest": 50}, {"max_leap": 3}):
        with pytest.raises(InputError, match="leave beams, key, range and largest leap as they are"):
            drafts(model, "", replace(SAMPLING, **other))
    with pytest.raises(InputError, match="writes no ABC"):
        drafts(tiny_checkpoint("beat-rnn"), "", SAMPLING)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder, with a tiny model; (exit code, output, errors)."""
    save_checkpoint(soon_at_its_end(4), tmp_path / "checkpoints")
    monkeypatch.setattr(core.checkpoint, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["core", "tune", "char-lstm", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return int(exit_.value.code or 0), *capsys.readouterr()

    return run_command


def test_the_command_writes_a_tune_in_every_format_that_it_can_have(run: Run) -> None:
    given = ["--metre", "6/8", "--unit", "1/8", "--key", "G", "--first-bar", "GAB d2e|", "--longest", 400]
    code, out, _ = run("--out", "a.abc", "--out", "a.mid", *given, "--legal", "--seed", 3, "--json")
    told = json.loads(out)
    text = Path("a.abc").read_text()
    assert (code, told["seed"], told["text"] + "\n") == (0, 3, text)
    assert "K:G\nGAB d2e|" in text
    assert told["parses"]
    notes = [len(read_score(Path(file).read_bytes(), file).notes) for file in ("a.abc", "a.mid")]
    assert notes == [told["num_notes"]] * 2
    code, out, _ = run("--out", "b.abc", "--out", "b.mid", "--num", 2, "--seed", 3, "--longest", 60)
    assert (code, out.count("written: b-3.abc\n"), out.count("written: b-4.abc\n")) == (0, 1, 1)  # they are no music


def test_the_command_refuses_in_one_sentence_and_writes_nothing(run: Run) -> None:
    for arguments, sentence in (
        (["--out", "a.mid", "--longest", 60], "What the model wrote cannot be read as a tune: "),
        (["--out", "a.xyz"], "Files ending in .xyz cannot be written"),
        (["--out", "a.abc", "--key", "H"], "'H' is no key"),
    ):
        code, out, err = run(*arguments, "--seed", 1)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(sentence)
    assert [path.name for path in Path().iterdir()] == ["checkpoints"]
