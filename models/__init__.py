"""Networks. They know torch alone, nothing of ``core``; a new one is a file and a line in ``ARCHITECTURES``."""

from typing import Any

from models.base import SequenceModel, State, select, shift_right
from models.beat_lstm_local import BeatLstmLocal, BeatLstmLocalConfig
from models.beat_rnn import BeatRnn, BeatRnnConfig

ARCHITECTURES: dict[str, tuple[type[Any], type[Any]]] = {
    "beat-rnn": (BeatRnn, BeatRnnConfig),
    "beat-lstm-local": (BeatLstmLocal, BeatLstmLocalConfig),
}

__all__ = ["ARCHITECTURES", "SequenceModel", "State", "select", "shift_right"]
