"""Writes what transformers answers for the checkpoint of each family: test/fixtures/families/NAME.json.

`npm run interop -- --goldens` runs it. The weights are made up by name (weights.py), so that only logits need to be kept.
"""

import base64
import json
import tempfile
from pathlib import Path

from checkpoint import logits_of, open_model, write
from families import cases

VOCABULARY = 96
TIME = 64
# Every fifth position up to the last; the first alone would not turn, and windows begin to matter late.
POSITIONS = list(range(3, TIME, 5))


def golden(name, config):
    with tempfile.TemporaryDirectory() as folder:
        tensors = write(config, folder)
        tokens = [(7 * i * i + 3 * i + 5) % VOCABULARY for i in range(TIME)]
        logits = logits_of(open_model(folder), tokens)[POSITIONS]
        written = json.loads((Path(folder) / "config.json").read_text())
    # A tower for images is no part of a text model.
    tensors = {key: shape for key, shape in tensors.items() if "vision" not in key and "multi_modal" not in key}
    written.pop("vision_config", None)
    return {
        "config": written,
        "tensors": tensors,
        "tokens": tokens,
        "positions": POSITIONS,
        "logits": base64.b64encode(logits.numpy().astype("<f4").tobytes()).decode(),
    }


def run(folder):
    for name, config in cases(VOCABULARY).items():
        (Path(folder) / f"{name}.json").write_text(json.dumps(golden(name, config)) + "\n")
