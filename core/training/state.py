"""How the state of a training run is stored."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from core.storage import write_whole


class WholeFiles(TorchCheckpointIO):
    """Each file in one stroke.

    Lightning itself writes to the folder for temporary files first; where that is on another disk, what it then does is
    to copy, and a process that is killed meanwhile leaves a state that no run can go on with.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        state = io.BytesIO()
        torch.save(checkpoint, state)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(path), state.getvalue())
