"""Sends tasks of flytekitplugins-awssagemaker to a server as Flyte's engine does.

Usage: flytekit_sagemaker.py ENDPOINT [OPERATION...]: operations that the service behind it has not.
Prints one JSON object, with what became of each task.
"""

import json
import sys
import time
from typing import Any

import grpc
from flyteidl.admin import agent_pb2
from flyteidl.core import execution_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit import kwtypes
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import LiteralMap
from flytekit.tools.translator import get_serializable
from flytekitplugins.awssagemaker_inference import (
    SageMakerDeleteEndpointConfigTask,
    SageMakerDeleteEndpointTask,
    SageMakerDeleteModelTask,
    SageMakerEndpointConfigTask,
    SageMakerEndpointTask,
    SageMakerInvokeEndpointTask,
    SageMakerModelTask,
)
from flytekitplugins.awssagemaker_processing import SageMakerDescribeProcessingJobTask, SageMakerProcessingJobTask, SageMakerStopProcessingJobTask
from flytekitplugins.awssagemaker_training import SageMakerDescribeTrainingJobTask, SageMakerStopTrainingJobTask, SageMakerTrainingJobTask

settings = SerializationSettings(project="p", domain="development", version="v1", image_config=ImageConfig(default_image=Image("default", "acme", "v1")))
region = "us-east-1"
role = "arn:aws:iam::123456789012:role/sagemaker"
cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
named = kwtypes(name=str)

channel = grpc.insecure_channel(sys.argv[1])


def message_of(task: Any, inputs: dict[str, Any]) -> tuple[Any, Any]:
    template = get_serializable({}, settings, task).template.to_flyte_idl()
    return template, TypeEngine.dict_to_literal_map(FlyteContextManager.current_context(), inputs).to_flyte_idl()


def told(task: Any, resource: Any) -> dict[str, Any]:
    literals = LiteralMap.from_flyte_idl(resource.outputs)
    types = {name: kind for name, kind in task.python_interface.outputs.items() if name in literals.literals}
    outputs = TypeEngine.literal_map_to_kwargs(FlyteContextManager.current_context(), literals, types)
    phase = execution_pb2.TaskExecution.Phase.Name(resource.phase)
    return {"type": task.task_type, "phase": phase, "message": resource.message, "outputs": dict(outputs)}


def execute(task: Any, **inputs: Any) -> dict[str, Any]:
    template, literals = message_of(task, inputs)
    parts = [
        agent_pb2.ExecuteTaskSyncRequest(header=agent_pb2.CreateRequestHeader(template=template, output_prefix="/tmp/out")),
        agent_pb2.ExecuteTaskSyncRequest(inputs=literals),
    ]
    for answer in agent_pb2_grpc.SyncAgentServiceStub(channel).ExecuteTaskSync(iter(parts), timeout=10):
        if answer.HasField("header"):
            return told(task, answer.header.resource)
    return {}


def run(task: Any, until: str = "SUCCEEDED", **inputs: Any) -> dict[str, Any]:
    template, literals = message_of(task, inputs)
    agents = agent_pb2_grpc.AsyncAgentServiceStub(channel)
    prefix = f"/tmp/out/{task.name}/0"
    created = agents.CreateTask(agent_pb2.CreateTaskRequest(template=template, inputs=literals, output_prefix=prefix), timeout=10)
    category = agent_pb2.TaskCategory(name=template.type, version=0)
    while True:
        request = agent_pb2.GetTaskRequest(resource_meta=created.resource_meta, task_category=category, output_prefix=prefix)
        outcome = told(task, agents.GetTask(request, timeout=10).resource)
        if outcome["phase"] in (until, "SUCCEEDED", "FAILED", "RETRYABLE_FAILED"):
            return outcome
        time.sleep(0.2)


def training(name: str, *entrypoint: str) -> SageMakerTrainingJobTask:
    config = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "{images.main}",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": list(entrypoint),
            "MetricDefinitions": [{"Name": "auc", "Regex": "auc=([0-9.]+)"}],
        },
        "RoleArn": role,
        "Environment": {"DEPTH": "{inputs.depth}"},
        "OutputDataConfig": {"S3OutputPath": "s3://models"},
        "ResourceConfig": cluster,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    return SageMakerTrainingJobTask(name=name, config=config, region=region, images={"main": "train:1"}, inputs=kwtypes(depth=int))


model = SageMakerModelTask(
    name="model",
    config={"ModelName": "m-{idempotence_token}", "PrimaryContainer": {"Image": "{images.main}", "ModelDataUrl": "{inputs.path}"}, "ExecutionRoleArn": role},
    region=region,
    images={"main": "123456789012.dkr.ecr.us-east-1.amazonaws.com/xgboost:1"},
    inputs=kwtypes(path=str),
)
variant = {"VariantName": "v", "ModelName": "{inputs.name}", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "InitialVariantWeight": 1}
endpoint_config = SageMakerEndpointConfigTask(name="config", config={"EndpointConfigName": "c-1", "ProductionVariants": [variant]}, region=region, inputs=named)
endpoint = SageMakerEndpointTask(name="endpoint", config={"EndpointName": "e-{inputs.suffix}", "EndpointConfigName": "c-1"}, region=region, inputs=kwtypes(suffix=str))
invoke = SageMakerInvokeEndpointTask(name="invoke", config={"EndpointName": "e-1", "InputLocation": "{inputs.at}"}, region=region, inputs=kwtypes(at=str))
processing = SageMakerProcessingJobTask(
    name="processing",
    config={
        "ProcessingJobName": "p-1",
        "AppSpecification": {"ImageUri": "busybox", "ContainerEntrypoint": ["true"]},
        "RoleArn": role,
        "ProcessingResources": {"ClusterConfig": cluster},
    },
    region=region,
)


def named_task(kind: Any, key: str) -> Any:
    return kind(name=kind.__name__, config={key: "{inputs.name}"}, region=region, inputs=named)


outcomes: dict[str, Any] = {"model": execute(model, path="s3://models/model.tar.gz")}
name = outcomes["model"]["outputs"].get("result", {}).get("ModelArn", "/none").split("/")[-1]
outcomes["config"] = execute(endpoint_config, name=name)
outcomes["endpoint"] = run(endpoint, suffix="1")
outcomes["invoked"] = execute(invoke, at="s3://in/1.json")
outcomes["training"] = run(training("t-1", "sh", "-c", 'echo "auc=0.5, depth $DEPTH"'), depth=6)
outcomes["described training"] = execute(named_task(SageMakerDescribeTrainingJobTask, "TrainingJobName"), name="t-1")
outcomes["started"] = run(training("t-2", "sleep", "60"), until="RUNNING", depth=6)
if "StopTrainingJob" not in sys.argv[2:]:
    outcomes["stopped training"] = execute(named_task(SageMakerStopTrainingJobTask, "TrainingJobName"), name="t-2")
outcomes["processing"] = run(processing)
outcomes["described processing"] = execute(named_task(SageMakerDescribeProcessingJobTask, "ProcessingJobName"), name="p-1")
outcomes["stopped processing"] = execute(named_task(SageMakerStopProcessingJobTask, "ProcessingJobName"), name="p-1")
outcomes["deleted endpoint"] = execute(named_task(SageMakerDeleteEndpointTask, "EndpointName"), name="e-1")
outcomes["deleted config"] = execute(named_task(SageMakerDeleteEndpointConfigTask, "EndpointConfigName"), name="c-1")
outcomes["deleted model"] = execute(named_task(SageMakerDeleteModelTask, "ModelName"), name=name)
print(json.dumps(outcomes, default=str))
