"""Sends tasks of flytekitplugins-awssagemaker to a server as Flyte's engine does.

Usage: flytekit_sagemaker.py ENDPOINT. Prints one JSON object.
"""

import json
import sys
from typing import Any

import grpc
from flyteidl.admin import agent_pb2
from flyteidl.core import literals_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit import kwtypes
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import LiteralMap
from flytekit.tools.translator import get_serializable
from flytekitplugins.awssagemaker_inference import SageMakerDeleteModelTask, SageMakerEndpointTask, SageMakerModelTask

settings = SerializationSettings(project="p", domain="development", version="v1", image_config=ImageConfig(default_image=Image("default", "acme", "v1")))
model = SageMakerModelTask(
    name="model",
    config={"ModelName": "m-{idempotence_token}", "PrimaryContainer": {"Image": "{images.main}", "ModelDataUrl": "{inputs.path}"}, "ExecutionRoleArn": "arn:aws:iam::123456789012:role/sagemaker"},
    region="us-east-2",
    images={"main": "123456789012.dkr.ecr.us-east-2.amazonaws.com/xgboost:1"},
    inputs=kwtypes(path=str),
)
endpoint_task = SageMakerEndpointTask(
    name="endpoint",
    config={"EndpointName": "e-{inputs.suffix}", "EndpointConfigName": "c-1"},
    region="us-east-2",
    inputs=kwtypes(suffix=str),
)
delete_model = SageMakerDeleteModelTask(name="delete", config={"ModelName": "{inputs.name}"}, region="us-east-2", inputs=kwtypes(name=str))

channel = grpc.insecure_channel(sys.argv[1])


def message_of(task: Any, **inputs: Any) -> tuple[Any, Any]:
    template = get_serializable({}, settings, task).template.to_flyte_idl()
    return template, TypeEngine.dict_to_literal_map(FlyteContextManager.current_context(), inputs).to_flyte_idl()


def outputs_of(task: Any, resource: Any) -> dict[str, Any]:
    literals = LiteralMap.from_flyte_idl(resource.outputs)
    types = {name: kind for name, kind in task.python_interface.outputs.items() if name in literals.literals}
    return {name: value for name, value in TypeEngine.literal_map_to_kwargs(FlyteContextManager.current_context(), literals, types).items()}


def execute(task: Any, **inputs: Any) -> dict[str, Any]:
    template, literals = message_of(task, **inputs)
    parts = [
        agent_pb2.ExecuteTaskSyncRequest(header=agent_pb2.CreateRequestHeader(template=template, output_prefix="/tmp/out")),
        agent_pb2.ExecuteTaskSyncRequest(inputs=literals),
    ]
    for answer in agent_pb2_grpc.SyncAgentServiceStub(channel).ExecuteTaskSync(iter(parts), timeout=10):
        if answer.HasField("header"):
            resource = answer.header.resource
            return {"phase": resource.phase, "message": resource.message, "outputs": outputs_of(task, resource)}
    return {}


def run(task: Any, **inputs: Any) -> dict[str, Any]:
    template, literals = message_of(task, **inputs)
    agents = agent_pb2_grpc.AsyncAgentServiceStub(channel)
    created = agents.CreateTask(agent_pb2.CreateTaskRequest(template=template, inputs=literals, output_prefix="/tmp/out"), timeout=10)
    category = agent_pb2.TaskCategory(name=template.type, version=0)
    resource = agents.GetTask(agent_pb2.GetTaskRequest(resource_meta=created.resource_meta, task_category=category, output_prefix="/tmp/out"), timeout=10).resource
    return {"type": template.type, "phase": resource.phase, "message": resource.message, "outputs": outputs_of(task, resource)}


made = execute(model, path="s3://models/model.tar.gz")
name = made["outputs"].get("result", {}).get("ModelArn", "/none").split("/")[-1]
print(json.dumps({"model": made, "endpoint": run(endpoint_task, suffix="1"), "deleted": execute(delete_model, name=name)}))
