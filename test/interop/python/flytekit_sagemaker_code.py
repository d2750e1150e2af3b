"""Sends a task of flytekitplugins-awssagemaker that runs its own code, as Flyte's engine does, and reads what its container wrote.

Usage: flytekit_sagemaker_code.py ENDPOINT FOLDER TASK NUMBER. Prints one JSON object.
"""

import json
import os
import sys
import time

import grpc
import sagemaker_tasks
from flyteidl.admin import agent_pb2
from flyteidl.core import execution_pb2, literals_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.tools.translator import get_serializable

endpoint, folder, name, number = sys.argv[1:]
image = ImageConfig(default_image=Image("default", "ghcr.io/acme/tasks", "v1"))
settings = SerializationSettings(project="p", domain="development", version="v1", image_config=image)
template = get_serializable({}, settings, getattr(sagemaker_tasks, name)).template.to_flyte_idl()

output_prefix = os.path.join(folder, "data", "0")
inputs = TypeEngine.dict_to_literal_map(FlyteContextManager.current_context(), {"a": int(number)}).to_flyte_idl()
os.makedirs(output_prefix)
inputs_path = os.path.join(folder, "inputs.pb")
with open(inputs_path, "wb") as file:
    file.write(inputs.SerializeToString())

# What the engine renders, and what an image brings: the command pyflyte-execute, and the user's module.
rendered = {"{{.input}}": inputs_path, "{{.rawOutputDataPrefix}}": os.path.join(folder, "raw"), "{{.checkpointOutputPrefix}}": '""', "{{.prevCheckpointPrefix}}": '""'}
arguments = [rendered.get(arg, arg.replace("{{.outputPrefix}}", output_prefix)) for arg in template.container.args]
del template.container.args[:]
template.container.args.extend(arguments)
template.container.command.extend([sys.executable, "-m", "flytekit.bin.entrypoint"])
template.container.env.add(key="PYTHONPATH", value=os.path.dirname(os.path.abspath(__file__)))

agents = agent_pb2_grpc.AsyncAgentServiceStub(grpc.insecure_channel(endpoint))
created = agents.CreateTask(agent_pb2.CreateTaskRequest(template=template, inputs=inputs, output_prefix=output_prefix), timeout=10)
category = agent_pb2.TaskCategory(name=template.type, version=0)
final = (execution_pb2.TaskExecution.SUCCEEDED, execution_pb2.TaskExecution.FAILED, execution_pb2.TaskExecution.RETRYABLE_FAILED)
while True:
    resource = agents.GetTask(agent_pb2.GetTaskRequest(resource_meta=created.resource_meta, task_category=category, output_prefix=output_prefix), timeout=10).resource
    if resource.phase in final:
        break
    time.sleep(0.3)

outcome = {"type": template.type, "phase": execution_pb2.TaskExecution.Phase.Name(resource.phase), "message": resource.message}
path = os.path.join(output_prefix, "outputs.pb")
if os.path.exists(path):
    outputs = literals_pb2.LiteralMap()
    with open(path, "rb") as file:
        outputs.ParseFromString(file.read())
    outcome["outputs"] = {name: literal.scalar.primitive.integer for name, literal in outputs.literals.items()}
print(json.dumps(outcome))
