from __future__ import annotations

import json
import pickle
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.checkpoint import (
    CARD,
    WEIGHTS,
    Checkpoint,
    CheckpointError,
    damaged_checkpoints,
    list_cards,
    load_checkpoint,
    read_card,
    resolve_name,
    save_checkpoint,
    write_whole,
)
from core.latent import embed_tunes, is_latent
from core.likelihood import token_log_probs
from core.sampling import SamplingConfig
from models import ARCHITECTURES
from tests.conftest import MELODY, tiny_checkpoint

NAME = "beat-rnn.essen"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_checkpoint(tiny_checkpoint("beat-rnn"), tmp_path)


def change_card(folder: Path, **values: Any) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, **values}))


def one_sentence(error: pytest.ExceptionInfo[CheckpointError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_saved_is_what_is_loaded(architecture: str, tmp_path: Path) -> None:
    saved = tiny_checkpoint(architecture)
    assert save_checkpoint(saved, tmp_path) == tmp_path / saved.card.name
    loaded = load_checkpoint(saved.card.name, tmp_path)
    assert (loaded.card, loaded.codec) == (saved.card, saved.codec)
    assert not loaded.model.training
    assert not any(weight.requires_grad for weight in loaded.model.parameters())
    for key, tensor in saved.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[key], tensor.half().float())
    before, after = (opinion(one) for one in (saved, loaded))
    assert torch.allclose(before, after, atol=5e-3)


def opinion(checkpoint: Checkpoint) -> Tensor:
    """What a model of either kind makes of a melody."""
    if is_latent(checkpoint.card):
        return embed_tunes(checkpoint, [MELODY])
    return token_log_probs(checkpoint, checkpoint.codec.encode(MELODY))


def test_saving_again_replaces_both_files_and_leaves_no_others(folder: Path) -> None:
    checkpoint = tiny_checkpoint("beat-rnn")
    changed = checkpoint._replace(card=replace(checkpoint.card, title="Another"))
    save_checkpoint(changed, folder.parent)
    assert read_card(folder).title == "Another"
    assert {path.name for path in folder.iterdir()} == {CARD, WEIGHTS}


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_whole(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_nothing_is_ever_unpickled(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
            return (exec, ("raise SystemExit('unpickled')",))

    for data in (pickle.dumps(Trap()), b"PK\x03\x04" + pickle.dumps(Trap())):
        (folder / WEIGHTS).write_bytes(data)
        with pytest.raises(CheckpointError):
            load_checkpoint(NAME, folder.parent)
    torch.save(tiny_checkpoint("beat-rnn").model.state_dict(), folder / WEIGHTS)
    with pytest.raises(CheckpointError):
        load_checkpoint(NAME, folder.parent)


def truncate(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])


def poison(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    next(iter(weights.values())).view(-1)[0] = torch.nan
    save_file(weights, folder / WEIGHTS)


def drop_a_tensor(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights.popitem()
    save_file(weights, folder / WEIGHTS)


WEIGHT_DAMAGE: dict[str, Callable[[Path], object]] = {
    "missing": lambda folder: (folder / WEIGHTS).unlink(),
    "empty": lambda folder: (folder / WEIGHTS).write_bytes(b""),
    "cut short": truncate,
    "not a number": poison,
    "a tensor less": drop_a_tensor,
    "a folder": lambda folder: ((folder / WEIGHTS).unlink(), (folder / WEIGHTS).mkdir()),
    "of another width": lambda folder: change_card(
        folder, config={"vocab_size": 129, "embed_dim": 6, "hidden_dim": 14}
    ),
    "of another network": lambda folder: change_card(folder, architecture="beat-lstm-local"),
    "of no network": lambda folder: change_card(folder, architecture="beat-oracle"),
    "of no codec": lambda folder: change_card(folder, codec="smoke signals"),
    "with an unknown field": lambda folder: change_card(folder, config={"vocab_size": 129, "colour": 3}),
    "with a text for a size": lambda folder: change_card(folder, config={"vocab_size": "129"}),
    "with a negative size": lambda folder: change_card(folder, config={"vocab_size": -1}),
    "with a size beyond bounds": lambda folder: change_card(folder, config={"vocab_size": 10**30}),
    "with an unknown codec field": lambda folder: change_card(folder, codec_config={"colour": [3]}),
}


@pytest.mark.parametrize("damage", WEIGHT_DAMAGE)
def test_damaged_weights_are_one_sentence(damage: str, folder: Path) -> None:
    WEIGHT_DAMAGE[damage](folder)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(NAME, folder.parent)
    assert NAME in one_sentence(error)


CARD_DAMAGE: dict[str, Callable[[Path], object]] = {
    "missing": lambda folder: (folder / CARD).unlink(),
    "empty": lambda folder: (folder / CARD).write_text(""),
    "cut short": lambda folder: (folder / CARD).write_text((folder / CARD).read_text()[:80]),
    "not text": lambda folder: (folder / CARD).write_bytes(b"\xff\xfe\x00"),
    "a list": lambda folder: (folder / CARD).write_text("[]"),
    "a list of lists": lambda folder: (folder / CARD).write_text("[[]]"),
    "a number": lambda folder: (folder / CARD).write_text("7"),
    "null": lambda folder: (folder / CARD).write_text("null"),
    "too deep": lambda folder: (folder / CARD).write_text("[" * 100_000),
    "without most fields": lambda folder: (folder / CARD).write_text(f'{{"name": "{NAME}"}}'),
    "with an unknown field": lambda folder: change_card(folder, colour="blue"),
    "of another name": lambda folder: change_card(folder, name="beat-rnn.other"),
    "with a number for a name": lambda folder: change_card(folder, name=7),
    "with a list for a title": lambda folder: change_card(folder, title=[]),
    "with a list for an architecture": lambda folder: change_card(folder, architecture=["beat-rnn"]),
    "with a list for a config": lambda folder: change_card(folder, config=[129]),
    "with a list for a codec config": lambda folder: change_card(folder, codec_config=[]),
    "with a text for training": lambda folder: change_card(folder, training="long"),
    "with a text for metrics": lambda folder: change_card(folder, metrics="good"),
    "with a text for a metric": lambda folder: change_card(folder, metrics={"nll": "low"}),
    "with a metric that is no number": lambda folder: change_card(folder, metrics={"nll": float("nan")}),
    "with null for a corpus": lambda folder: change_card(folder, corpus=None),
    "with wrong sampling": lambda folder: change_card(folder, sampling={"temperature": 0}),
    "with unknown sampling": lambda folder: change_card(folder, sampling={"heat": 1}),
}


@pytest.mark.parametrize("damage", CARD_DAMAGE)
def test_damaged_cards_are_one_sentence_and_hide_no_others(damage: str, folder: Path) -> None:
    save_checkpoint(tiny_checkpoint("beat-lstm-local"), folder.parent)
    CARD_DAMAGE[damage](folder)
    with pytest.raises(CheckpointError) as error:
        read_card(folder)
    assert NAME in one_sentence(error)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(NAME, folder.parent)
    one_sentence(error)
    assert [card.name for card in list_cards(folder.parent)] == ["beat-lstm-local.essen"]
    assert damaged_checkpoints(folder.parent) == [NAME]


def test_cards_come_in_order_of_their_names(tiny_checkpoints: Path) -> None:
    assert [card.name for card in list_cards(tiny_checkpoints)] == sorted(f"{name}.essen" for name in ARCHITECTURES)
    assert damaged_checkpoints(tiny_checkpoints) == []
    assert list_cards(tiny_checkpoints / "nowhere") == []


def test_listing_reads_no_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    assert [card.name for card in list_cards(folder.parent)] == [NAME]


def test_a_network_alone_means_the_embedded_corpus_or_the_only_one(folder: Path) -> None:
    root, checkpoint = folder.parent, tiny_checkpoint("beat-rnn")
    assert resolve_name(NAME, root) == resolve_name("beat-rnn", root) == NAME
    for corpus in ("maestro", "pop909"):
        save_checkpoint(checkpoint._replace(card=replace(checkpoint.card, name=f"beat-rnn.{corpus}")), root)
    assert resolve_name("beat-rnn", root) == NAME
    shutil.rmtree(folder)
    with pytest.raises(CheckpointError, match=r"beat-rnn\.maestro, beat-rnn\.pop909"):
        resolve_name("beat-rnn", root)
    shutil.rmtree(root / "beat-rnn.maestro")
    assert resolve_name("beat-rnn", root) == "beat-rnn.pop909"


def test_of_many_models_the_nearest_are_named(tmp_path: Path) -> None:
    for number in range(30):
        write_card(tmp_path / f"a-network-of-a-long-name-{number}.essen")
    with pytest.raises(CheckpointError) as told:
        resolve_name("a-network-of-a-long-nam-7" + "x" * 900, tmp_path)
    assert len(str(told.value)) < 300
    with pytest.raises(CheckpointError, match=r"choose one such as a-network-of-a-long-name-7\.essen, "):
        resolve_name("a-network-of-a-long-nam-7", tmp_path)
    with pytest.raises(CheckpointError, match=r"called 'x'; none are installed\.$"):
        resolve_name("x", tmp_path / "missing")


def write_card(folder: Path) -> None:
    folder.mkdir()
    card = replace(tiny_checkpoint("beat-rnn").card, name=folder.name)
    (folder / CARD).write_text(json.dumps(asdict(card)))


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "beat", "beat-rnn.", "essen", f"../checkpoints/{NAME}", "/etc", f"{NAME}/", "a\0b", "x" * 999],
)
def test_names_of_nothing_are_one_sentence_and_open_no_file(name: str, tmp_path: Path) -> None:
    root = tmp_path / "checkpoints" / "inner"
    save_checkpoint(tiny_checkpoint("beat-rnn"), root)
    save_checkpoint(tiny_checkpoint("beat-rnn"), root.parent)
    with pytest.raises(CheckpointError, match=re.escape(NAME)) as error:
        load_checkpoint(name, root)
    one_sentence(error)


def test_without_any_model_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="none are installed"):
        load_checkpoint("beat-rnn", tmp_path)


def test_the_card_gives_the_sampling_defaults(folder: Path) -> None:
    assert load_checkpoint(NAME, folder.parent).card.sampling_defaults == SamplingConfig(temperature=0.9)


def test_lists_of_numbers_take_a_line_each(tmp_path: Path) -> None:
    """And nothing else of a card changes, not even text that looks like one."""
    saved = tiny_checkpoint("roll-gru")
    card = replace(saved.card, description="[\n  1,\n  2\n]", codec_config={"probs": [0.5, 1e-7]})
    save_checkpoint(saved._replace(card=card), tmp_path)
    text = (tmp_path / card.name / "card.json").read_text()
    assert json.loads(text) == asdict(card)
    assert "[0.5, 1e-07]" in text
