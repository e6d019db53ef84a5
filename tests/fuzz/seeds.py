"""Good inputs to begin with: files of music21's corpus, and what our own writers make of tunes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import mido
import numpy as np

from core.beats import Beats, Reading
from core.composition import Composition
from core.formats.abc_notation import abc_to_score, score_to_abc, split_tunes
from core.formats.kern import kern_to_score
from core.formats.midi import score_to_midi
from core.formats.musicxml import score_to_musicxml
from core.formats.piano_musicxml import piano_musicxml
from core.link import piece_to_query, tune_to_query
from core.piano_notation import notate_piano
from core.project import project_to_json
from core.recolour import Original
from core.rhythm import Rhythm, rhythm_to_csv
from core.sampling import SamplingConfig
from core.score import Note, Score
from tests.fuzz.mutation import files_in

PLAYED = Rhythm((0.0, 0.02, 0.3, 0.0, 0.11), (0.48, 0.25, 0.21, 0.97, 1.5))
TUNE = """X:1
T:All signs of the trade
C:Trad.
M:6/8
L:1/8
Q:3/8=100
K:Ador
V:1
|: "Am"A>B c {d}e2 ^f | [Ace]3 (3gab g | !trill! z2 _B-|B3 :|1 A6 :|2 [M:2/4][K:D] (5ABcde || Z2 | A,,/2 c'''// |]
V:2 clef=bass
A,3 E,3 | x6 % a comment
w:la la la
"""


@cache
def corpus() -> Path:
    import music21

    return Path(music21.__file__).parent / "corpus"


@cache
def tunes() -> list[bytes]:
    """ABC of some collections, short tunes of all kinds."""
    texts = [
        tune
        for name in (
            "essenFolksong/boehme10",
            "essenFolksong/han1",
            "airdsAirs/book1",
            "ryansMammoth/AlexandersHornpipe",
        )
        for path in [corpus() / f"{name}.abc"]
        if path.exists()
        for tune in split_tunes(path.read_text(encoding="utf-8", errors="replace"))[:4]
    ]
    return [TUNE.encode(), *(text.encode() for text in texts if len(text) < 2000)]


@cache
def scores() -> list[Score]:
    """Melodies, an upbeat and triplets among them, and a piece for both hands."""
    hands = Score(
        tuple(
            Note(beat / 2, 0.5 + beat % 3 / 4, pitch) for beat in range(24) for pitch in (43 + beat % 12, 67 - beat % 7)
        ),
        title="Both hands",
    )
    return [*(abc_to_score(tune.decode()) for tune in tunes()[:6]), hands]


def midi() -> list[bytes]:
    return [*(score_to_midi(score) for score in scores()), band()]


def band() -> bytes:
    """Two tracks and drums, changes of tempo and metre, pedal, a lyric, running status."""
    file = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack([
        mido.MetaMessage("track_name", name="Band"), mido.MetaMessage("set_tempo", tempo=400_000),
        mido.MetaMessage("time_signature", numerator=7, denominator=8), mido.MetaMessage("key_signature", key="Eb"),
        mido.MetaMessage("lyrics", text="la", time=96), mido.MetaMessage("set_tempo", tempo=700_000, time=96),
        mido.Message("sysex", data=(1, 2, 3)),
    ])  # fmt: skip
    file.tracks.append(track)
    for channel in (0, 3, 9):
        track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=5)])
        for step in range(12):
            pitch = 50 + 3 * channel + step
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=70, time=24))
            track.append(mido.Message("control_change", channel=channel, control=64, value=127 * (step % 2)))
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=0, time=40))
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


@cache
def mxl() -> list[bytes]:
    names = ("demos/chorale_with_parallels", "theoryExercises/checker_demo", "bach/bwv66.6", "bach/bwv125.6")
    usual = [path.read_bytes() for name in names if (path := corpus() / f"{name}.mxl").exists()]
    return [*usual, *(packed(method) for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))]


def packed(method: int) -> bytes:
    """A score in an archive that nobody writes, and that is refused, damaged or not."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        name = zipfile.ZipInfo("score.xml", (1980, 1, 1, 0, 0, 0))
        archive.writestr(name, score_to_musicxml(scores()[0]), method)
    return file.getvalue()


def musicxml() -> list[bytes]:
    verses = (corpus() / "demos" / "multiple-verses.xml").read_bytes()
    inner = [text for data in mxl()[:2] for text in files_in(data).values() if b"<note" in text and len(text) < 60_000]
    ours = [score_to_musicxml(score).encode() for score in scores()[:3]]
    return [verses, *inner, *ours, piano_musicxml(notate_piano(scores()[-1])).encode()]


def kern() -> list[bytes]:
    """Short ones, and the beginnings of long ones: what reads them is slow."""
    folder = corpus() / "palestrina"
    texts = [(folder / f"{name}.krn").read_bytes() for name in ("Credo_67_c", "Gloria_70_c")]
    mazurka = (corpus() / "chopin" / "mazurka06-2.krn").read_bytes()
    song = "!!!OTL: Song|**kern|*k[b-]|*M3/4|*F:|{4f|=1|4.g|8f|[4b-|=|4b-]|6a|6a|6a|qg|8aL|8ggJ|2.F# 2.c}|==|*-|"
    texts = [song.replace("|", "\n").encode(), *texts, b"\n".join(mazurka.split(b"\n")[:40])]
    for text in texts[:-1]:
        assert kern_to_score(text).notes
    return texts


def rhythms() -> list[bytes]:
    plain = rhythm_to_csv(PLAYED)
    table = "rest_sec;duration_sec\n0,5;0,25\n0;1\n"
    return [
        plain.encode(),
        b"\xef\xbb\xbf" + table.encode(),
        b'"0"\t"0.5"\r\n.25\t1e-1\r\n',
        rhythm_to_csv(even()).encode(),
    ]


def even() -> Rhythm:
    return Rhythm((0.0,) * 16, (0.5, 0.25, 0.25, 1.0) * 4)


@cache
def compositions() -> list[Composition]:
    played = Beats.from_rhythm(PLAYED, Reading(qpm=90.0, time_signature=(3, 4), upbeat=1.0))
    written = Beats.from_score(scores()[1])
    pitches = tuple(60 + i % 12 for i in range(len(written)))
    first = Composition("beat-lstm-local.essen", written, pitches, SamplingConfig(seed=7), locked=frozenset({1, 3}))
    second = Composition(
        "beat-rnn.essen", played, (60, 62, 64, 65, 67), SamplingConfig(seed=8, temperature=0.8, key="F#m"), num_given=2,
        title="Mine", original=Original("Theirs", (50, 51, 52, 53, 54)), qpm=111.0, program=40,
    )  # fmt: skip
    return [first, second, replace(second, original=None, title="")]


def projects() -> list[bytes]:
    versions = [(f"version {i}", piece) for i, piece in enumerate(compositions())]
    return [project_to_json(versions, 1).encode(), project_to_json(versions[1:], 0).encode()]


def links() -> list[bytes]:
    queries = [piece_to_query(piece) for piece in compositions()]
    return [json.dumps(query).encode() for query in [*queries, tune_to_query("X:1\nK:C\nCDEF|G4|]\n", "m")]]


def sounds() -> list[bytes]:
    """Half a second with two claps, in every kind of file."""
    import soundfile

    rate, noise = 16_000, np.random.default_rng(0)
    samples = noise.normal(0, 0.001, rate // 2)
    for start in (1000, 5000):
        samples[start : start + 600] += 0.7 * noise.normal(0, 0.3, 600) * np.exp(-np.arange(600) / 100)
    files = []
    for kind, subtype in (
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", "MPEG_LAYER_III"),
    ):
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format=kind, subtype=subtype)
        files.append(file.getvalue())
    return files


def browser_values() -> list[bytes]:
    """What our components send, as JSON."""
    metronome = {"metre": "3/4", "tempo": 96, "beat": -1.25}
    return [json.dumps({"nonce": "a", **value}).encode() for value in (
        {"taps": [[0, 250.5], [500, 750], [800, 900]], "metronome": metronome},
        {"taps": [[0, 250], [500, 750]], "pitches": [60, 67], "metronome": metronome},
        {"take": "t", "claps": [0.1, 0.5, 1.25], "start": 1, "stop": 3, "index": 2, "note": 4, "text": "A"},
    )]  # fmt: skip


def answers() -> list[bytes]:
    """What a listener sends, as JSON."""
    return [json.dumps({
        "code": "K7MP-2QXR-9TDW", "study": "s", "place": place, "answer": [1, 5, 3, guess],
        "title": "Machine or not?", "seconds": 40.0, "password": "secret",
    }).encode() for place, guess in ((0, "human"), (7, None))]  # fmt: skip


def texts(*given: str) -> Callable[[], list[bytes]]:
    return lambda: [text.encode() for text in given]


def abc_files() -> list[bytes]:
    return [*tunes(), *(score_to_abc(score).encode() for score in scores()[-2:]), b"\n\n".join(tunes()[:2])]
