"""Calls a connector server as Flyte 2's executor does, with the stubs that flyte-sdk uses.

Usage: flyte2_client.py ENDPOINT FILE, where FILE holds an encoded CreateTaskRequest: one of Flyte 1 is one of Flyte 2. Creates
the task twice, polls it to its end, deletes it, and prints one JSON object.
"""

import json
import sys
import time

import grpc
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core import execution_pb2

DEADLINE_SECONDS = 10
phase_name = execution_pb2.TaskExecution.Phase.Name
ends = {"SUCCEEDED", "FAILED", "RETRYABLE_FAILED", "ABORTED"}

channel = grpc.insecure_channel(sys.argv[1])
tasks = service_pb2_grpc.AsyncConnectorServiceStub(channel)
metadata = service_pb2_grpc.ConnectorMetadataServiceStub(channel)
with open(sys.argv[2], "rb") as file:
    request = connector_pb2.CreateTaskRequest.FromString(file.read())

listed = metadata.ListConnectors(connector_pb2.ListConnectorsRequest(), timeout=DEADLINE_SECONDS).connectors
first = tasks.CreateTask(request, timeout=DEADLINE_SECONDS).resource_meta
again = tasks.CreateTask(request, timeout=DEADLINE_SECONDS).resource_meta
stored = {"resource_meta": first, "task_category": connector_pb2.TaskCategory(name=request.template.type)}
phases = []
while not phases or phases[-1] not in ends:
    resource = tasks.GetTask(connector_pb2.GetTaskRequest(output_prefix=request.output_prefix, **stored), timeout=DEADLINE_SECONDS).resource
    name = phase_name(resource.phase)
    if not phases or phases[-1] != name:
        phases.append(name)
        print(name, file=sys.stderr, flush=True)
    time.sleep(0.1)
tasks.DeleteTask(connector_pb2.DeleteTaskRequest(**stored), timeout=DEADLINE_SECONDS)
print(
    json.dumps(
        {
            "listed": sorted(c.name for connector in listed for c in connector.supported_task_categories),
            "sameReference": first == again,
            "phases": phases,
            "message": resource.message,
        }
    )
)
