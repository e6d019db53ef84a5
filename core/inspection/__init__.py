"""Looks into trained networks: what their units, gates and attention do while they read a piece."""

from core.inspection.clamp import clamp_range, clamped
from core.inspection.concept import Concept, by_hand
from core.inspection.concepts import CONCEPTS
from core.inspection.layers import units_of
from core.inspection.measured import Measured, ablation
from core.inspection.painted import painted
from core.inspection.pieces import performance_of, sample
from core.inspection.search import Excerpt, Found, Read, excerpts, rank_units, read
from core.inspection.subject import Subject, labels, reads_all_notes, subject
from core.inspection.trace import Trace, trace

__all__ = [
    "CONCEPTS",
    "Concept",
    "Excerpt",
    "Found",
    "Measured",
    "Read",
    "Subject",
    "Trace",
    "ablation",
    "by_hand",
    "clamp_range",
    "clamped",
    "excerpts",
    "labels",
    "painted",
    "performance_of",
    "rank_units",
    "read",
    "reads_all_notes",
    "sample",
    "subject",
    "trace",
    "units_of",
]
