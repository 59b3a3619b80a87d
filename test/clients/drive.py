"""Drives an experiment with the client that openapi-python-client made: create, cancel, read, follow, delete."""

import json
import sys

from openapi_spec_validator import validate

from rlcd_client import AuthenticatedClient
from rlcd_client.api.base_models import create_base_model
from rlcd_client.api.events import follow_experiment
from rlcd_client.api.experiments import (
    cancel_experiment,
    create_experiment,
    delete_experiment,
    get_experiment,
)
from rlcd_client.api.principles import create_principle_version
from rlcd_client.api.prompt_sets import create_prompt_set
from rlcd_client.models import (
    AffixPair,
    CreateBaseModelBodyType0,
    CreatePrincipleVersionBody,
    CreatePrincipleVersionBodyForm,
    CreatePromptSetJsonBodyItem,
    CreatePromptSetRule,
    ExperimentCreatedEvent,
    NewExperiment,
    NewExperimentMethod,
    NewExperimentPrinciple,
    Problem,
)

edge, key, document = sys.argv[1:]
with open(document, encoding="utf-8") as file:
    validate(json.load(file))
client = AuthenticatedClient(base_url=edge, token=key)


def answered(answer):
    """The answer, which must not be a problem."""
    if answer is None or isinstance(answer, Problem):
        raise SystemExit(f"the edge refused: {answer}")
    return answer


answered(
    create_principle_version.sync(
        "kind-python",
        client=client,
        body=CreatePrincipleVersionBody(
            description="Stories end kindly",
            form=CreatePrincipleVersionBodyForm.PREFIX,
            affix_pairs=[AffixPair(positive="(a kind story)", negative="(a mean story)")],
        ),
    )
)
rows = [{"prompt": f"Once upon a time {animal}.", "split": split} for animal in ("a fox", "a hen") for split in ("train", "dev", "test")]
prompts = answered(
    create_prompt_set.sync(
        client=client,
        name="python",
        rule=CreatePromptSetRule.FIELD,
        body=[CreatePromptSetJsonBodyItem.from_dict(row) for row in rows],
    )
)
answered(
    create_base_model.sync(
        client=client,
        body=CreateBaseModelBodyType0(
            name="python", source="bundled", weights_sha_256="b" * 64, parameter_count=1, context_length=256
        ),
    )
)
experiment = answered(
    create_experiment.sync(
        client=client,
        body=NewExperiment(
            method=NewExperimentMethod.BASE,
            principle=NewExperimentPrinciple(name="kind-python", version=1),
            prompt_set="python",
            base_model="python",
            seed=1,
        ),
    )
)
cancelled = answered(cancel_experiment.sync(experiment.id, client=client))
detail = answered(get_experiment.sync(experiment.id, client=client))
told = answered(follow_experiment.sync(experiment.id, client=client))
events = [json.loads(line.removeprefix("data: ")) for line in told.split("\n") if line.startswith("data: ")]
created = ExperimentCreatedEvent.from_dict(events[0])
missing = get_experiment.sync_detailed("019ab0e7-6c00-7000-8000-000000000000", client=client)
if not isinstance(missing.parsed, Problem):
    raise SystemExit(f"404 is no problem here: {missing}")
deleted = delete_experiment.sync_detailed(experiment.id, client=client)
print(
    json.dumps(
        {
            "train": prompts.counts.train,
            "statuses": [experiment.status.value, cancelled.status.value, detail.status.value],
            "stages": [stage.name for stage in detail.stages],
            "events": [event["event"] for event in events],
            "methods": [created.method.value],
            "refused": [missing.parsed.status, missing.parsed.type_],
            "deleted": deleted.status_code.value,
        }
    )
)
