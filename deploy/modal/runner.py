"""
Runners on Modal, one for each launch of the edge: `modal deploy deploy/modal/runner.py`, and its address is the
edge's RLCD_LAUNCH_URL. Written from Modal's documentation and never run.

Before: modal secret create rlcd RLCD_EDGE_URL=... RLCD_RUNNER_KEY=... RLCD_LAUNCH_SECRET=...
"""

import json
import os
import subprocess

import modal
from fastapi import HTTPException, Request

from signature import is_signed, read_bounded

IMAGE = "registry.example/rlcd-runner:0.1.0"

app = modal.App("rlcd-runner")
secret = modal.Secret.from_name("rlcd")
models = modal.Volume.from_name("rlcd-models", create_if_missing=True)
# Launches that were seen, so that a recorded request starts nothing; shared by all containers.
seen = modal.Dict.from_name("rlcd-launches", create_if_missing=True)
runner_image = modal.Image.from_registry(IMAGE, add_python="3.12").entrypoint([])
receiver_image = modal.Image.debian_slim().pip_install("fastapi[standard]").add_local_python_source("signature")


@app.function(image=runner_image, gpu="H100", secrets=[secret], volumes={"/data": models}, timeout=86_400)
def run(launch_id: str) -> None:
    """One runner, until it has had no work for ten minutes."""
    environment = {**os.environ, "RLCD_LAUNCH_ID": launch_id, "RLCD_IDLE_SECONDS": "600", "RLCD_CACHE": "/data/runner"}
    subprocess.run(["node", "gpu-runner/main.ts"], cwd="/app", env=environment, check=True)


@app.function(image=receiver_image, secrets=[secret])
@modal.fastapi_endpoint(method="POST")
async def launch(request: Request) -> dict[str, str]:
    body = await read_bounded(request.stream())
    if body is None:
        raise HTTPException(413, "a launch has at most 10,000 bytes")
    headers = request.headers
    timestamp = headers.get("x-rlcd-timestamp", "")
    if not is_signed(os.environ["RLCD_LAUNCH_SECRET"], timestamp, headers.get("x-rlcd-signature", ""), body):
        raise HTTPException(401, "the signature is not of this body, secret and time")
    launch_id = json.loads(body)["launchId"]
    if not seen.put(launch_id, timestamp, skip_if_exists=True):
        raise HTTPException(409, "this launch was asked for before")
    call = await run.spawn.aio(launch_id)
    return {"id": call.object_id}
