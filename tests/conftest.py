from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

from core.checkpoint import Checkpoint, ModelCard, save_checkpoint, stored_config
from core.codecs import AbcCharsCodec, ArrangementCodec, BeatCodec, Codec, PianoCodec, PianoRollCodec, StepCodec
from core.codecs.fields import FieldCodec
from core.score import Note, Score
from models import ARCHITECTURES, SequenceModel

torch.set_num_threads(1)

settings.register_profile("tunesmith", deadline=None)  # no test asserts a time
settings.load_profile("tunesmith")

MELODY = Score(
    tuple(Note(onset, length, pitch) for onset, length, pitch in [
        (0, 1, 67), (1, 0.5, 69), (1.5, 0.5, 71), (2, 1, 72), (3.5, 0.5, 71), (4, 2, 67), (6.5, 1.5, 62),
    ]),
    qpm=100, title="Seven notes",
)  # fmt: skip

TINY = {
    "beat-rnn": {"embed_dim": 6, "hidden_dim": 12},
    "beat-lstm-attention": {
        "embed_dim": 6,
        "encoder_dim": 5,
        "attention_dim": 4,
        "hidden_dim": 12,
        "max_distance": 3,
        "reach": 5,
    },
    "beat-lstm-local": {"embed_dim": 6, "encoder_dim": 5, "hidden_dim": 12},
    "beat-lstm-echo": {
        "embed_dim": 6,
        "encoder_dim": 5,
        "hidden_dim": 12,
        "num_heads": 2,
        "head_dim": 3,
        "out_dim": 7,
        "reach": 5,
    },
    "beat-transformer": {"dim": 8, "num_heads": 2, "feed_dim": 12, "reach": 5},
    "beat-transformer-relative": {"dim": 8, "num_heads": 2, "feed_dim": 12, "max_distance": 3, "reach": 5},
    "piano-transformer": {
        "num_styles": 5,
        "num_values": (40, 40, 20, 20),
        "dim": 8,
        "num_heads": 2,
        "num_layers": 2,
        "feed_dim": 12,
        "reach": 5,
        "max_distance": 3,
        "num_pointers": 2,
        "pointer_dim": 3,
    },
    "piano-accompaniment": {
        "num_styles": 5,
        "num_values": (40, 40, 20, 20),
        "dim": 8,
        "num_heads": 2,
        "num_layers": 2,
        "feed_dim": 12,
        "reach": 5,
        "max_distance": 3,
        "num_pointers": 2,
        "pointer_dim": 3,
    },
    "roll-transformer": {"embed_dim": 6, "dim": 8, "num_heads": 2, "feed_dim": 12, "reach": 5, "max_distance": 3},
    "step-gru-attention": {"window": 5, "stride": 2, "embed_dim": 6, "hidden_dim": 6, "dense_dim": 7},
    "step-lstm-attention": {
        "window": 5,
        "stride": 2,
        "embed_dim": 6,
        "hidden_dim": 4,
        "num_layers": 2,
        "num_heads": 2,
    },
    "step-bilstm": {"window": 5, "stride": 2, "embed_dim": 6, "hidden_dim": 6},
    "step-lstm-echo": {
        "embed_dim": 6,
        "place_dim": 3,
        "metre_dim": 2,
        "hidden_dim": 12,
        "num_heads": 2,
        "head_dim": 3,
        "out_dim": 7,
        "reach": 5,
    },
    "char-rnn": {"embed_dim": 6, "hidden_dim": 12},
    "char-lstm": {"embed_dim": 6, "hidden_dim": 12},
    "char-lstm-echo": {"embed_dim": 6, "hidden_dim": 12, "num_heads": 2, "head_dim": 3, "out_dim": 7, "reach": 5},
    "roll-gru": {"window": 5, "stride": 2, "embed_dim": 6, "hidden_dim": 6, "dense_dim": 7},
    "roll-attention": {"window": 5, "stride": 2, "embed_dim": 6, "dense_dim": 7},
    "roll-gru-attention": {"window": 5, "stride": 2, "embed_dim": 6, "hidden_dim": 6, "dense_dim": 7},
    "roll-gru2-attention": {"window": 5, "stride": 2, "embed_dim": 6, "hidden_dim": 6, "dense_dim": 7},
    "roll-gru3-attention": {"window": 5, "stride": 2, "embed_dim": 6, "hidden_dim": 6, "dense_dim": 7},
    "step-vae": {"window": 16, "hidden_dim": 7, "latent_dim": 3},
    "step-vae-sequence": {
        "window": 16,
        "embed_dim": 5,
        "encoder_dim": 6,
        "summary_dim": 4,
        "latent_dim": 3,
        "plan_dim": 5,
        "decoder_dim": 6,
    },
}
"""a small configuration for every architecture"""


def tiny_model(architecture: str, vocab_size: int = 129, **sizes: Any) -> SequenceModel:
    torch.manual_seed(0)
    model_class, config_class = ARCHITECTURES[architecture]
    model: SequenceModel = model_class(config_class(vocab_size=vocab_size, **{**TINY[architecture], **sizes})).eval()
    return model


def tiny_checkpoint(architecture: str = "beat-lstm-local") -> Checkpoint:
    codecs: dict[str, type[Codec]] = {
        "beat": BeatCodec, "step": StepCodec, "char": AbcCharsCodec, "roll": PianoRollCodec, "piano": PianoCodec
    }  # fmt: skip
    kind = ArrangementCodec if architecture == "piano-accompaniment" else codecs[architecture.partition("-")[0]]
    codec, sizes = kind(), {}
    if isinstance(codec, FieldCodec):  # a network of fields knows how many values each has
        sizes = {"num_styles": codec.starts[0], "num_values": codec.num_values}
    model = tiny_model(architecture, codec.vocab_size, **sizes)
    card = ModelCard(
        name=f"{architecture}.essen", title=architecture, architecture=architecture, config=stored_config(model.config),
        codec=codec.name, codec_config=codec.to_json(), corpus="essen", license="none",
        sampling={"temperature": 0.9},
    )  # fmt: skip
    return Checkpoint(card, model, codec)


def said(alert: Any) -> str:
    """What an alert of a page says, which escapes what Markdown would read as a sign."""
    return re.sub(r"\\(.)", r"\1", alert.value)


@pytest.fixture
def tiny_checkpoints(tmp_path: Path) -> Path:
    """A folder of untrained checkpoints, one for each architecture."""
    for architecture in ARCHITECTURES:
        save_checkpoint(tiny_checkpoint(architecture), tmp_path)
    return tmp_path


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Parsed corpora and studies go to folders of this run, so that the tests start as a fresh installation does.

    Processes that share the tests share the corpora: files there are whole or absent, whoever else reads them.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    os.environ["TUNESMITH_CACHE"] = str(shared / "cache")
    os.environ.pop("TUNESMITH_CORPORA", None)
    os.environ["TUNESMITH_STUDIES"] = f"sqlite:///{tmp_path_factory.mktemp('studies') / 'studies.db'}"
