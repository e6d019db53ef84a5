"""Trained weights on disk: ``checkpoints/<name>/{model.safetensors, card.json, history.csv}``."""

from __future__ import annotations

import json
import math
import re
from dataclasses import MISSING, asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import torch

from core.codecs import CODECS, Codec
from core.data.corpora import EMBEDDED
from core.errors import InputError
from core.sampling import SamplingConfig
from core.storage import sweep, write_whole
from models import ARCHITECTURES, SequenceModel
from models.echo import Echoing

CHECKPOINTS = Path(__file__).parent.parent / "checkpoints"
CARD, WEIGHTS, HISTORY = "card.json", "model.safetensors", "history.csv"
SWEEP = "sweep.csv"
"""what a study of the model's settings found, where there was one"""
SWEEP_CURVES = "sweep-curves.csv"
"""how each of its trials went, epoch by epoch"""
SONGS = "songs.csv"
"""the figures of the songs that a model of whole songs wrote, where they were measured"""
TUNES = "tunes.csv"
"""those of the tunes that a model of characters wrote"""


class CheckpointError(InputError):
    """A checkpoint that is missing or damaged."""


@dataclass(frozen=True)
class ModelCard:
    """All it takes to rebuild a model, and what to tell people about it."""

    name: str
    title: str
    architecture: str
    config: dict[str, Any]
    codec: str
    codec_config: dict[str, Any]
    corpus: str
    license: str
    description: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    sampling: dict[str, Any] = field(default_factory=dict)

    @property
    def network(self) -> str:
        """The name without its corpus: ``beat-rnn`` of ``beat-rnn.essen``."""
        return self.name.partition(".")[0]

    @property
    def sampling_defaults(self) -> SamplingConfig:
        return SamplingConfig.from_mapping(self.sampling)


class Checkpoint(NamedTuple):
    card: ModelCard
    model: SequenceModel
    codec: Codec


def read_card(folder: Path) -> ModelCard:
    """The card in ``folder``; raises ``CheckpointError`` when it is missing or damaged."""
    try:
        values = json.loads((folder / CARD).read_text(encoding="utf-8"))
        known = {field.name: field for field in fields(ModelCard)}
        missing = [
            name for name, f in known.items() if name not in values and f.default is f.default_factory is MISSING
        ]
        if missing or set(values) - set(known):
            raise ValueError("not the fields of a card")
        if not all(isinstance(value, str if known[name].type == "str" else dict) for name, value in values.items()):
            raise TypeError("fields of another type")
        card = ModelCard(**values)
        if card.name != folder.name or not all(map(math.isfinite, card.metrics.values())):
            raise ValueError("the card of another checkpoint, or figures that are no numbers")
        _ = card.sampling_defaults
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"The card of the model {folder.name!r} cannot be read; restore its card.json."
        ) from error
    return card


def list_cards(root: Path | None = None) -> list[ModelCard]:
    """The cards of all checkpoints under ``root``, by name; damaged ones are left out. Reads JSON only."""
    cards = []
    for path in sorted((root or CHECKPOINTS).glob(f"*/{CARD}")):
        try:
            cards.append(read_card(path.parent))
        except CheckpointError:
            continue
    return cards


def damaged_checkpoints(root: Path | None = None) -> list[str]:
    """Names of the folders that hold a card or weights, but no card that can be read."""
    readable = {card.name for card in list_cards(root)}
    begun = {path.parent.name for file in (CARD, WEIGHTS) for path in (root or CHECKPOINTS).glob(f"*/{file}")}
    return sorted(begun - readable)


def resolve_name(name: str, root: Path | None = None) -> str:
    """The full name of a checkpoint from it or from its network alone: that of the embedded corpus, or the only one."""
    names = [card.name for card in list_cards(root)]
    for full in (name, f"{name}.{EMBEDDED}"):
        if full in names:
            return full
    matches = [full for full in names if full.partition(".")[0] == name]
    if len(matches) == 1:
        return matches[0]
    what, some = "more than one" if matches else "no", matches or get_close_matches(name, names, cutoff=0.0)
    advice = f"choose one such as {', '.join(some[:3])}" if some else "none are installed"
    raise CheckpointError(f"There is {what} model called {name[:60]!r}; {advice}.")


def stored_config(config: Any) -> dict[str, Any]:
    """What a card stores of a network's configuration, as JSON has it."""
    stored: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return stored


def build_model(card: ModelCard) -> tuple[SequenceModel, Codec]:
    """The untrained network and the codec that a card describes."""
    model_class, config_class = ARCHITECTURES[card.architecture]
    codec = CODECS[card.codec].from_json(card.codec_config)
    return model_class(config_class(**card.config)), codec


def echoes(card: ModelCard) -> bool:
    """Whether the network goes back to what it wrote, and can be told how readily."""
    return issubclass(ARCHITECTURES.get(card.architecture, (object,))[0], Echoing)


def load_checkpoint(name: str, root: Path | None = None, device: str = "cpu") -> Checkpoint:
    """The trained model ``name``, ready to run, in float32. Raises ``CheckpointError``."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = (root or CHECKPOINTS) / resolve_name(name, root)
    card = read_card(folder)
    try:
        model, codec = build_model(card)
        weights = load_file(folder / WEIGHTS)
        if not all(tensor.isfinite().all() for tensor in weights.values()):
            raise ValueError("weights that are not numbers")
        model.load_state_dict({key: tensor.float() for key, tensor in weights.items()})
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"The weights of the model {card.name!r} are missing or damaged; restore its {WEIGHTS} and card.json."
        ) from error
    model.requires_grad_(False)
    return Checkpoint(card, model.to(device).eval(), codec)


def save_checkpoint(checkpoint: Checkpoint, root: Path | None = None) -> Path:
    """Writes the card and the weights, in half precision; each file is whole or not there."""
    from safetensors.torch import save

    folder = (root or CHECKPOINTS) / checkpoint.card.name
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        key: tensor.detach().cpu().to(torch.float16).contiguous()
        for key, tensor in checkpoint.model.state_dict().items()
    }
    sweep(folder)
    write_whole(folder / WEIGHTS, save(weights))
    write_whole(folder / CARD, as_text(asdict(checkpoint.card)).encode())
    return folder


def as_text(card: dict[str, Any]) -> str:
    """JSON in lines, but a list of numbers in one: a codec may have many."""
    number = r"[-+\d.eE]+"
    lists = rf"\[\s+({number}(?:,\s+{number})*)\s+\]"
    return re.sub(lists, lambda found: f"[{' '.join(found[1].split())}]", json.dumps(card, indent=2)) + "\n"
