"""Rhythms that people tap, with the reading that a musician would expect."""

from __future__ import annotations

from core.rhythm import parse_note_values
from core.score import Score

_PATTERNS = {
    (4, 4): {
        "clapping game": "4x(q q e e q |)",
        "march": "2x(q q q q | q q h |)",
        "running eighths": "2x(e e e e q q | e e e e h |)",
        "dotted quarters": "2x(q. e q q | q. e h |)",
        "eighths at the end": "2x(q q q q | q q e e e e |) h",
        "short long": "2x(h q q | q q h |)",
        "syncopation": "2x(e q e q q | e q e h |)",
        "three three two": "4x(q. q. q |)",
        "clave": "3x(q. q. q | qr q q qr |)",
        "dotted eighths": "3x(e. s e e q q |) w",
        "sixteenths": "2x(e s s e s s q q | s s s s e e h |)",
        "triplet first": "4x(e3 e3 e3 q q q |)",
        "triplet third": "3x(q q e3 e3 e3 q |) w",
        "stamp and clap": "4x(e e q e e q |)",
        "stamp and wait": "4x(q q h |)",
        "jingle bells": "q q h | q q h | q q q. e | w |",
        "ode to joy": "q q q q | q q q q | q q q q | q. e h | q q q q | q q q q | q q q q | q. e h |",
        "twinkle": "3x(q q q q | q q h |)",
        "three taps and a rest": "4x(q q q qr |)",
        "off-beats after rests": "3x(q er e q q |) w",
        "from the fourth beat": "q | 2x(q q q q | h. q |) q q q q | h. qr |",
        "from the half of the fourth": "e | q q e e q | q q q er e | q q e e q | h. er e | q q e e q | h.",
        "pick-up of three": "e e e | q q q er e | q e e h | qr e e e e e e | h.",
        "anticipated bar": "2x(e e e q e e e~h q q |) w",
    },
    (3, 4): {
        "waltz": "h q | q q q | h q | h. |",
        "waltz again": "2x(q q q | q q q | h q | h. |)",
        "waltz with eighths": "2x(q e e q | q q q | q e e e e | h. |)",
        "happy birthday": "e. s | q q q | h e. s | q q q | h e. s | q q q | q q e. s | q q q | h",
        "minuet": "2x(q e e e e | q q q |) q e e e e | q e e e e | q e e e e | h. |",
        "dotted in three": "2x(q. e q | q q q | q. e q | h. |)",
    },
    (6, 8): {
        "jig": "2x(e e e e e e | q e q. |)",
        "skipping": "2x(q e q e | q e q. |)",
        "skipping with an upbeat": "e | q e q e | q e q e | q e e e e | q. q e | q e q e | q.",
        "greensleeves": "e | q e e. s e | q e e. s e | q e e. s e | q. q e | q e e. s e | q.",
    },
    (2, 4): {
        "polka": "2x(e s s e e | e s s q |)",
        "galop": "2x(e e q | e e q | e e e e | h |)",
    },
}

TAPPED: dict[str, Score] = {
    name: parse_note_values(text, time_signature=metre)
    for metre, patterns in _PATTERNS.items()
    for name, text in patterns.items()
}
