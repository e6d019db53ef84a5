"""Trains a recipe on Lightning's Trainer: progress bar, logs, resuming and more devices come from there."""

from __future__ import annotations

import json
import os
import platform
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, Timer
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from core.checkpoint import (
    CHECKPOINTS,
    HISTORY,
    Checkpoint,
    ModelCard,
    build_model,
    load_checkpoint,
    save_checkpoint,
    stored_config,
)
from core.codecs import Codec
from core.data.corpora import CORPORA, performers_of, pieces_of
from core.data.datasets import source_of, training_slices, validation_sets
from core.data.piece import Piece
from core.data.windows import SimilarLengths, collate
from core.errors import InputError
from core.evaluation.game import game_metrics
from core.evaluation.heldout import validation_metrics
from core.storage import is_writable, sweep, write_whole
from core.training.adversarial import AdversarialModule
from core.training.history import FIELDS, LOGS, OTHER_FIELDS, history_csv
from core.training.latent import LatentModule, latent_loaders
from core.training.module import MONITOR, NextTokenModule, TrainingModule
from core.training.recipe import CODEC_SETTINGS, Recipe
from core.training.state import WholeFiles
from models import ARCHITECTURES, LatentModel, SequenceModel

PRECISIONS = {"bf16-mixed": "bf16 mixed", "32-true": "float32"}
"""Lightning's names of those that are used, and ours"""


def train(
    recipe: Recipe,
    corpus_root: Path | None = None,
    max_minutes: float | None = None,
    run_root: Path = Path("runs"),
    checkpoint_root: Path | None = None,
    begin_with: str | None = None,
) -> ModelCard:
    """Trains, or goes on with an unfinished run in ``run_root``, and saves the best weights with their card.

    A new run may ``begin_with`` the weights of a checkpoint of the same network, wherever that learned them.
    ``max_minutes`` counts earlier parts of the run too. Raises ``InputError`` when the corpus is missing, or before
    hours of work where their fruit could not be stored.
    """
    check_writable((checkpoint_root or CHECKPOINTS) / recipe.name, run_root / recipe.name)
    lightning.seed_everything(recipe.training.seed, workers=True)
    recipe = fitted(recipe, corpus_root)
    card = untrained_card(recipe)
    model, codec = build_model(card)
    training, held_out = (latent_loaders if recipe.latent else loaders)(recipe, codec, corpus_root)
    module = module_of(recipe, model, codec, list(held_out), checkpoint_root)
    run = run_root / recipe.name
    sweep(run)
    keep_settings(run / "settings.json", recipe)
    # of a game between two networks the end counts: each epoch it is another one
    monitor = None if recipe.adversarial else MONITOR
    best = ModelCheckpoint(run, "best", monitor=monitor, save_last=True, enable_version_counter=False)
    clock = Timer({"minutes": int(max_minutes), "seconds": int(max_minutes % 1 * 60)} if max_minutes else None)
    if max_minutes:
        module.time_used = lambda: clock.time_elapsed("train") / 60 / max_minutes
    trainer = lightning.Trainer(
        max_epochs=recipe.training.max_epochs,
        limit_train_batches=recipe.training.epoch_batches or 1.0,
        devices=1,  # of whatever kind there is: the networks are small
        precision="32-true" if recipe.adversarial else "bf16-mixed",
        gradient_clip_val=None if recipe.adversarial else 1.0,  # which clips by itself
        logger=curve_logger(run),
        callbacks=[best, clock, EarlyStopping(MONITOR, patience=recipe.training.patience)],
        plugins=[WholeFiles()],
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    last = run / "last.ckpt"
    if begin_with:
        model.load_state_dict(load_checkpoint(begin_with).model.state_dict())
    # the file is this program's own, and Lightning keeps more in it than weights
    begun = last if last.exists() else None
    trainer.fit(module, training, list(held_out.values()), ckpt_path=begun, weights_only=False)
    if not best.best_model_path:
        raise InputError("Training stopped before its first epoch was over; give it more minutes.")
    weights = torch.load(best.best_model_path, map_location="cpu", weights_only=False)
    module.load_state_dict(weights["state_dict"])
    trained = Checkpoint(card, model.eval(), codec)
    how = {"command": command(recipe, max_minutes, begin_with), **asdict(recipe.training)}
    if recipe.adversarial:
        how["adversarial"] = asdict(recipe.adversarial)
    if recipe.latent:
        how["latent"] = asdict(recipe.latent)
    data = data_facts(recipe, codec, training_pieces(recipe, corpus_root))
    facts = {**how, **data, **training_facts(trainer, clock, int(weights["epoch"]))}
    metrics = validation_metrics(trained, "valid", corpus_root)
    if recipe.adversarial:
        scores = [piece.score for piece in pieces_of(recipe.corpus, "valid", corpus_root)]
        base = base_of(recipe, checkpoint_root)
        metrics |= game_metrics(base, trained, scores, performers_of(recipe.corpus).clean)
    card = ModelCard(**{**asdict(card), "training": facts, "metrics": metrics})
    folder = save_checkpoint(trained._replace(card=card), checkpoint_root or CHECKPOINTS)
    write_whole(folder / HISTORY, history_csv(run / LOGS).encode())
    return card


def command(recipe: Recipe, max_minutes: float | None, begin_with: str | None) -> str:
    """That trains alike."""
    limit = [f"--max-minutes {max_minutes:g}"] if max_minutes else []
    changes = [f"--set {change}" for change in recipe.changes]
    first = [f"--begin-with {begin_with}"] if begin_with else []
    return " ".join(["python -m core train", recipe.name, *limit, *changes, *first])


def module_of(
    recipe: Recipe, model: SequenceModel, codec: Codec, sets: Sequence[str], checkpoint_root: Path | None
) -> TrainingModule:
    """What Lightning trains: next tokens, a latent space, or a game that begins with the weights of a trained model."""
    if recipe.latent:
        assert isinstance(model, LatentModel)
        return LatentModule(model, recipe.training, recipe.latent)
    if recipe.adversarial is None:
        return NextTokenModule(model, codec.bos_token, recipe.training, sets)
    model.load_state_dict(base_of(recipe, checkpoint_root).model.state_dict())
    return AdversarialModule(model, codec.bos_token, recipe.training, recipe.adversarial, sets)


def base_of(recipe: Recipe, checkpoint_root: Path | None) -> Checkpoint:
    """The trained model that an adversarial recipe begins with; raises ``InputError`` when there is none yet."""
    assert recipe.adversarial is not None
    return load_checkpoint(f"{recipe.adversarial.base}.{recipe.corpus}", checkpoint_root)


def curve_logger(run: Path) -> CSVLogger:
    """Writes the curve to a folder for each part of a run.

    It knows the columns beforehand: for a new one it would write the file again, and lose it if killed meanwhile.
    """
    logger = CSVLogger(run, name=LOGS)
    logger.experiment.metrics_keys.extend(sorted({*FIELDS, *OTHER_FIELDS, "step"}))
    return logger


def check_writable(*folders: Path) -> None:
    for folder in folders:
        if not is_writable(folder):
            raise InputError(f"Nothing can be written to {folder}; choose another folder, or ask for the right to.")


def keep_settings(path: Path, recipe: Recipe) -> None:
    """Notes what a run is made of; raises ``InputError`` when ``path`` tells of a run that was made otherwise.

    How long to train may change.
    """
    training = asdict(recipe.training)
    settings = {
        **recipe.config,
        **{name: getattr(recipe.codec, name) for name in CODEC_SETTINGS if hasattr(recipe.codec, name)},
        **(asdict(recipe.adversarial) if recipe.adversarial else {}),
        **(asdict(recipe.latent) if recipe.latent else {}),
        **{name: training[name] for name in training if name not in ("max_epochs", "patience")},
    }
    text = json.dumps(settings, sort_keys=True)
    if path.exists() and path.read_text() != text:
        raise InputError(f"There is a run with other settings in {path.parent}; remove it, or take its settings.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())


def training_pieces(recipe: Recipe, corpus_root: Path | None) -> list[Piece]:
    """Those that the recipe is trained on."""
    pieces, num = pieces_of(recipe.corpus, "train", corpus_root), recipe.training.num_pieces
    return random.Random(recipe.training.seed).sample(pieces, num) if 0 < num < len(pieces) else pieces


def fitted(recipe: Recipe, corpus_root: Path | None) -> Recipe:
    """``recipe`` with the codec that its training pieces ask for: a recipe itself knows no corpus."""
    source = source_of(recipe.codec, recipe.corpus)
    return replace(recipe, codec=source.fitted(training_pieces(recipe, corpus_root)))


def untrained_card(recipe: Recipe) -> ModelCard:
    _, config_class = ARCHITECTURES[recipe.architecture]
    return ModelCard(
        name=recipe.name,
        title=recipe.title,
        description=recipe.description,
        architecture=recipe.architecture,
        config=stored_config(config_class(vocab_size=recipe.codec.vocab_size, **recipe.config)),
        codec=recipe.codec.name,
        codec_config=recipe.codec.to_json(),
        corpus=recipe.corpus,
        license=CORPORA[recipe.corpus].license,
        sampling=dict(recipe.sampling),
    )


def loaders(
    recipe: Recipe, codec: Codec, corpus_root: Path | None
) -> tuple[DataLoader[Any], dict[str, DataLoader[Any]]]:
    """The training data, drawn anew at each epoch, and the fixed validation sets by their names."""
    settings = recipe.training
    pieces, held_out = training_pieces(recipe, corpus_root), pieces_of(recipe.corpus, "valid", corpus_root)
    source = source_of(codec, recipe.corpus)
    held_out.sort(key=source.num_tokens)  # batches of similar lengths
    length = settings.length
    if recipe.adversarial:  # melodies of one length
        length = recipe.adversarial.length
        pieces = [piece for piece in pieces if len(piece.score.notes) >= length]
    ways = (settings.transposed, settings.common_key, settings.looped)
    slices = training_slices(codec, recipe.corpus, pieces, length, *ways)
    held_out_sets = validation_sets(codec, recipe.corpus, held_out, settings.common_key)
    return (
        DataLoader(
            slices.dataset, batch_sampler=SimilarLengths(slices.lengths, settings.batch_size), collate_fn=collate
        ),
        {name: DataLoader(items, settings.batch_size, collate_fn=collate) for name, items in held_out_sets.items()},
    )


def data_facts(recipe: Recipe, codec: Codec, pieces: Sequence[Piece]) -> dict[str, object]:
    """What the card says of the data."""
    source, settings = source_of(codec, recipe.corpus), recipe.training
    pieces = [piece for piece in pieces if source.keeps(piece)]
    keys = f"{settings.transposed:.0%} of them in any key"
    if settings.common_key:
        keys = "all in C major or A minor"
    elif not settings.transposed:
        keys = "all in their own key"
    return {
        "train_pieces": len(pieces),
        "train_tokens": sum(map(source.num_tokens, pieces)),
        "augmentation": f"each epoch another {source.varies} of every piece, {keys}",
    }


def training_facts(trainer: lightning.Trainer, clock: Timer, best_epoch: int) -> dict[str, object]:
    """What the card says of how a model came about."""
    return {
        "minutes": round(clock.time_elapsed("train") / 60, 1),
        "epochs": trainer.current_epoch,
        "best_epoch": best_epoch,
        "device": hardware(trainer.strategy.root_device),
        "precision": PRECISIONS[trainer.precision],
        "torch": torch.__version__.split("+")[0],
    }


def hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} of {os.cpu_count()} CPU cores ({platform.machine()})"
