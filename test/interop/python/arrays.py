"""Arrays on their way: `{"shape": [...], "fp32": base64}`."""

import base64

import numpy as np
import torch


def pack(tensor):
    values = tensor.detach().numpy().astype("<f4")
    return {"shape": list(values.shape), "fp32": base64.b64encode(values.tobytes()).decode()}


def unpack(packed):
    values = np.frombuffer(base64.b64decode(packed["fp32"]), dtype="<f4")
    return torch.from_numpy(values.reshape(packed["shape"]).copy())
