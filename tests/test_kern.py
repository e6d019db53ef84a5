from __future__ import annotations

from pathlib import Path

import music21
import pytest

from core.errors import FormatError
from core.files import read_score
from core.formats.kern import MAX_LINES, MAX_TITLE, kern_to_score
from core.score import Note, Score, monophonic

SONG = """!!!OTL: Der Mond ist aufgegangen
**kern
*k[b-]
*M4/4
*F:
{4f
=1
4.g
8f
4b-
4a
=2
[2g
4g]
4r
=3
qg
8aL
8ggJ
2.F#}
==
*-
"""


def song(*lines: str) -> bytes:
    return "\n".join(["**kern", *lines, "*-", ""]).encode()


def test_a_folk_song() -> None:
    assert kern_to_score(SONG.encode()) == Score(
        (
            Note(0, 1, 65), Note(1, 1.5, 67), Note(2.5, 0.5, 65), Note(3, 1, 70), Note(4, 1, 69), Note(5, 3, 67),
            Note(9, 0.5, 69), Note(9.5, 0.5, 79), Note(10, 3, 54),
        ),
        time_signature=(4, 4), upbeat=1.0, key="F", title="Der Mond ist aufgegangen",
    )  # fmt: skip


def test_a_signature_alone_and_none() -> None:
    assert kern_to_score(song("*k[f#]", "*M3/4", "4e", "4g", "4b", "=", "2.e")).key == "Em"
    plain = kern_to_score(song("4c", "4e", "4g", "4c"))
    assert (plain.key, plain.time_signature, plain.upbeat) == ("C", (4, 4), 0.0)


def test_a_long_title_is_cut() -> None:
    assert kern_to_score(b"!!!OTL: " + b"x" * 5000 + b"\n" + song("4c")).title == "x" * MAX_TITLE


def test_the_top_of_a_chord_and_the_first_spine_with_notes() -> None:
    two = "**kern\t**kern\n4r\t4c 4e\n4r\t4d\n*-\t*-\n"
    assert read_score(two.encode(), "two.krn").pitches == (64, 62)


def test_real_files_are_read_as_music21_has_their_first_part() -> None:
    folder = Path(music21.__file__).parent / "corpus" / "palestrina"
    for name in ("Gloria_15_b.krn", "Gloria_49_d.krn", "Credo_71_d.krn"):
        data = (folder / name).read_bytes()
        score = kern_to_score(data)
        parts = music21.converter.parseData(data.decode("latin-1"), format="humdrum").parts
        part = next(part for part in parts if part.flatten().notes)
        expected = [n for n in part.flatten().notes if n.tie is None or n.tie.type == "start"]
        assert [n.pitch.midi for n in expected] == list(score.pitches)
        assert [float(n.offset) for n in expected] == [n.onset for n in score.notes]
        assert monophonic(score) == score


@pytest.mark.parametrize(
    "data",
    [
        b"", b"**kern", b"\xff\xfe**kern", b"**kern\n*-\n", b"X:1\nK:C\nCDE", song("4zz"), song("*M0/0", "r"),
        b"**kern\n" + b"4c\n" * (MAX_LINES + 1),
    ],
)  # fmt: skip
def test_what_is_no_song_is_said_in_a_sentence(data: bytes) -> None:
    with pytest.raises(FormatError) as refused:
        kern_to_score(data)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "metre", ["*M0/4", "*M4/3", "*M99/4", "*MX", "*M3+2/8", "*M9999999/4", "*M3/8+9999999/4", "*M64/0"]
)
def test_a_metre_that_is_none_is_taken_for_common_time(metre: str, monkeypatch: pytest.MonkeyPatch) -> None:
    thought_about = list[str]()  # by music21, which never ends thinking about the longest
    time_signature = music21.meter.TimeSignature
    monkeypatch.setattr(music21.meter, "TimeSignature", lambda text: thought_about.append(text) or time_signature(text))
    two = f"**kern\t**kern\n*M3/4\t{metre}\n4r\t4c\n4r\t4d\n*-\t*-\n"
    assert kern_to_score(two.encode()).time_signature == (4, 4)
    assert thought_about == ["3/4"]


def test_metres_that_can_be_counted_are_read() -> None:
    for metre, time_signature in (("3/4 ", (3, 4)), ("64/32", (64, 32)), ("3/1", (3, 1)), ("2/0", (4, 1))):
        assert kern_to_score(song(f"*M{metre}", "4c", "4d")).time_signature == time_signature
