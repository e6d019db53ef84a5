"""Networks. They know torch alone, nothing of ``core``; a new one is a file and a line in ``ARCHITECTURES``."""

from typing import Any

from models.base import SequenceModel, State, select, shift_right
from models.beat_lstm_attention import BeatLstmAttention, BeatLstmAttentionConfig
from models.beat_lstm_echo import BeatLstmEcho, BeatLstmEchoConfig
from models.beat_lstm_local import BeatLstmLocal, BeatLstmLocalConfig
from models.beat_rnn import BeatRnn, BeatRnnConfig
from models.beat_transformer import (
    BeatTransformer,
    BeatTransformerConfig,
    BeatTransformerRelative,
    BeatTransformerRelativeConfig,
)
from models.char_lstm import CharLstm, CharLstmConfig
from models.char_lstm_echo import CharLstmEcho, CharLstmEchoConfig
from models.char_rnn import CharRnn, CharRnnConfig
from models.latent import LatentModel
from models.piano_transformer import PianoAccompanimentConfig, PianoTransformer, PianoTransformerConfig
from models.roll_attention import RollAttention, RollAttentionConfig
from models.roll_gru import RollGru, RollGruConfig
from models.roll_gru2_attention import RollGru2Attention, RollGru2AttentionConfig
from models.roll_gru3_attention import RollGru3Attention, RollGru3AttentionConfig
from models.roll_gru_attention import RollGruAttention, RollGruAttentionConfig
from models.roll_transformer import RollTransformer, RollTransformerConfig
from models.step_bilstm import StepBilstm, StepBilstmConfig
from models.step_gru_attention import StepGruAttention, StepGruAttentionConfig
from models.step_lstm_attention import StepLstmAttention, StepLstmAttentionConfig
from models.step_lstm_echo import StepLstmEcho, StepLstmEchoConfig
from models.step_vae import StepVae, StepVaeConfig
from models.step_vae_sequence import StepVaeSequence, StepVaeSequenceConfig

ARCHITECTURES: dict[str, tuple[type[Any], type[Any]]] = {
    "beat-rnn": (BeatRnn, BeatRnnConfig),
    "beat-lstm-attention": (BeatLstmAttention, BeatLstmAttentionConfig),
    "beat-lstm-local": (BeatLstmLocal, BeatLstmLocalConfig),
    "beat-lstm-echo": (BeatLstmEcho, BeatLstmEchoConfig),
    "beat-transformer": (BeatTransformer, BeatTransformerConfig),
    "beat-transformer-relative": (BeatTransformerRelative, BeatTransformerRelativeConfig),
    "step-gru-attention": (StepGruAttention, StepGruAttentionConfig),
    "step-lstm-attention": (StepLstmAttention, StepLstmAttentionConfig),
    "step-bilstm": (StepBilstm, StepBilstmConfig),
    "step-lstm-echo": (StepLstmEcho, StepLstmEchoConfig),
    "char-rnn": (CharRnn, CharRnnConfig),
    "char-lstm": (CharLstm, CharLstmConfig),
    "char-lstm-echo": (CharLstmEcho, CharLstmEchoConfig),
    "piano-transformer": (PianoTransformer, PianoTransformerConfig),
    "piano-accompaniment": (PianoTransformer, PianoAccompanimentConfig),
    "roll-gru": (RollGru, RollGruConfig),
    "roll-attention": (RollAttention, RollAttentionConfig),
    "roll-gru-attention": (RollGruAttention, RollGruAttentionConfig),
    "roll-gru2-attention": (RollGru2Attention, RollGru2AttentionConfig),
    "roll-gru3-attention": (RollGru3Attention, RollGru3AttentionConfig),
    "roll-transformer": (RollTransformer, RollTransformerConfig),
    "step-vae": (StepVae, StepVaeConfig),
    "step-vae-sequence": (StepVaeSequence, StepVaeSequenceConfig),
}
"""Each a ``SequenceModel``, but for the VAEs: they are ``LatentModel``."""

__all__ = ["ARCHITECTURES", "LatentModel", "SequenceModel", "State", "select", "shift_right"]
