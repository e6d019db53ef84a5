"""Speed on this machine, on one thread: sampling, and the way from a click to score and sound."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from core.beats import Beats
from core.checkpoint import Checkpoint, ModelCard, list_cards, load_checkpoint
from core.codecs import BeatCodec, beats_of
from core.composition import compose
from core.data.corpora import EMBEDDED
from core.evaluation.originality import load_index, originality
from core.generate import blank, generate
from core.rhythm import parse_note_values
from core.sampling import SamplingConfig
from models import ARCHITECTURES

ROOT = Path(__file__).parent.parent
REPEATS = 5
PUBLISHED = {
    "beat-rnn": {"embed_dim": 512, "hidden_dim": 512},
    "beat-lstm-attention": {"embed_dim": 512, "encoder_dim": 512, "hidden_dim": 512},
    "beat-lstm-local": {"embed_dim": 512, "encoder_dim": 512, "hidden_dim": 512},
    "beat-transformer": {"dim": 512, "num_heads": 8, "num_layers": 4, "feed_dim": 1024},
    "beat-transformer-relative": {"dim": 512, "num_heads": 8, "num_layers": 4, "feed_dim": 1024},
}
"""hidden sizes of the published networks, which are measured with random weights"""
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
FIRST_PAGE = (
    "from streamlit.testing.v1 import AppTest; assert not AppTest.from_file('app.py').run(timeout=120).exception"
)

Row = dict[str, Any]


def run() -> list[Row]:
    """All rows, as {name, what, value, unit}; each time is the least of several runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        cards = [card for card in list_cards() if card.codec == BeatCodec.name]
        models = [load_checkpoint(card.name) for card in cards] + [published(name) for name in PUBLISHED]
        rows = [row for model in models for row in sampling(model)]
        rows += [row for card in cards if card.corpus == EMBEDDED for row in memory(card.name)]
        rows += [*click_to_score(models[0]), *copying(models[0]), *start()]
        return rows + [row for num_threads in (1, 2) for row in threads(models[0], num_threads)]
    finally:
        torch.set_num_threads(before)


def published(architecture: str) -> Checkpoint:
    """A network of the published size with random weights."""
    torch.manual_seed(0)
    codec = BeatCodec()
    model_class, config_class = ARCHITECTURES[architecture]
    model = model_class(config_class(codec.vocab_size, **PUBLISHED[architecture])).eval()
    million = sum(weight.numel() for weight in model.parameters()) / 1e6
    card = ModelCard(f"{architecture} (random weights, {million:.1f} M)", "", architecture, asdict(model.config),
                     codec.name, {}, "", "")  # fmt: skip
    return Checkpoint(card, model, codec)


def sampling(checkpoint: Checkpoint) -> Iterator[Row]:
    for num_notes in (64, 128, 512):
        condition = beats_of(even_beats(num_notes).performed)
        for num_beams in (1, 5):
            settings = SamplingConfig(temperature=0.9, num_beams=num_beams, beam_prob=0.5, seed=0)
            seconds = fastest(lambda: generate(checkpoint, blank(num_notes), condition=condition, sampling=settings))  # noqa: B023
            what = f"sampling {num_notes} notes, {num_beams} beam{'s' * (num_beams > 1)}"
            yield {"name": checkpoint.card.name, "what": what, "value": round(num_notes / seconds), "unit": "notes/s"}
            yield {"name": checkpoint.card.name, "what": what, "value": round(seconds, 4), "unit": "s"}


def memory(name: str) -> Iterator[Row]:
    """What a long piece takes, measured in a fresh process; where a system does not tell the peak, there is no row."""
    code = "import sys, core.bench; print(core.bench.peak(sys.argv[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", code, name], cwd=ROOT, capture_output=True, text=True, env=ONE_THREAD, check=False
    )
    if ended.returncode == 0:
        yield {"name": name, "what": "512 notes, 5 beams: memory over idle", "value": float(ended.stdout), "unit": "MB"}


def peak(name: str) -> float:
    """By how many MB 512 notes with five beams raise the most that this process has held, the model loaded.

    Raises ``OSError`` where the system has no /proc: the peak that others tell begins with that of the parent.
    """

    def write(num_notes: int) -> float:
        settings = SamplingConfig(num_beams=5, beam_prob=0.5, seed=0)
        generate(checkpoint, blank(num_notes), condition=beats_of(even_beats(num_notes).performed), sampling=settings)
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    checkpoint = load_checkpoint(name)
    idle = write(8)
    return round(write(512) - idle, 1)


def threads(checkpoint: Checkpoint, num_threads: int) -> Iterator[Row]:
    """What a second thread does to a step; the app's own number of threads (core/ui/work.py) rests on this."""
    torch.set_num_threads(num_threads)
    condition = beats_of(even_beats(64).performed)
    seconds = fastest(lambda: generate(checkpoint, blank(64), condition=condition, sampling=SamplingConfig(seed=0)))
    what = f"sampling 64 notes on {num_threads} thread{'s' * (num_threads > 1)}"
    yield {"name": checkpoint.card.name, "what": what, "value": round(seconds, 4), "unit": "s"}


def click_to_score(checkpoint: Checkpoint) -> Iterator[Row]:
    """From the rhythm to a drawn score and its sound, the model loaded: 64 notes, 16 bars."""
    from core.formats.musicxml import score_to_musicxml
    from core.render.audio import audio_to_flac, default_engine, render
    from core.render.notation import NARROW, WIDE, engrave

    beats, settings = even_beats(64), SamplingConfig(seed=0)
    piece = compose(checkpoint, beats, settings)[0]

    def draw() -> None:
        score_to_musicxml.cache_clear()
        for width in (WIDE, NARROW):  # the page holds both
            engrave(piece.written, page_width=width)

    stages: dict[str, Callable[[], Any]] = {
        "sampling": lambda: compose(checkpoint, beats, settings),
        "engraving": draw,
        f"sound ({default_engine().name})": lambda: audio_to_flac(render(piece.performed)),
    }
    total = 0.0
    for name, stage in stages.items():
        seconds = fastest(stage)
        total += seconds
        yield {"name": checkpoint.card.name, "what": f"64 notes: {name}", "value": round(seconds, 4), "unit": "s"}
    yield {
        "name": checkpoint.card.name,
        "what": "64 notes: click to score and sound",
        "value": round(total, 4),
        "unit": "s",
    }


def copying(checkpoint: Checkpoint) -> Iterator[Row]:
    """How long it takes to look for a melody in the training tunes, their index loaded."""
    index = load_index(EMBEDDED)
    if index is not None:
        melody = compose(checkpoint, even_beats(512), SamplingConfig(seed=0))[0].written
        seconds = fastest(lambda: originality(melody, index))
        yield {"name": EMBEDDED, "what": "512 notes: originality", "value": round(seconds, 4), "unit": "s"}


def start() -> Iterator[Row]:
    """A fresh process that imports everything and runs the first page."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST_PAGE], cwd=ROOT, check=True, capture_output=True)
    yield {"name": "app", "what": "start to first page", "value": round(time.perf_counter() - began, 2), "unit": "s"}


def even_beats(num_notes: int) -> Beats:
    return Beats.from_score(parse_note_values("q " * num_notes, qpm=120, time_signature=(4, 4)))


def fastest(job: Callable[[], Any]) -> float:
    """The least seconds of several runs after one to warm up."""
    job()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        job()
        times.append(time.perf_counter() - began)
    return min(times)
