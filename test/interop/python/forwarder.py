"""flytekit as a client of a server of agents.

flytekit's local executor calls the connectors of its own process. This module registers, for every task type that a
server's ListAgents announces, a connector that forwards to that server, so that tasks run there instead.
"""

from dataclasses import dataclass

import grpc
from flyteidl.admin import agent_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit.extend.backend.base_connector import (
    AsyncConnectorBase,
    ConnectorRegistry,
    Resource,
    ResourceMeta,
    SyncConnectorBase,
)
from flytekit.models.literals import LiteralMap

DEADLINE_SECONDS = 10


@dataclass
class Reference(ResourceMeta):
    """What the server answered to a create: bytes that only it understands."""

    value: bytes


def register(endpoint):
    """Registers a forwarder for every announced type; gives the announced agents."""
    channel = grpc.insecure_channel(endpoint)
    agents = agent_pb2_grpc.AgentMetadataServiceStub(channel).ListAgents(agent_pb2.ListAgentsRequest(), timeout=DEADLINE_SECONDS).agents
    for agent in agents:
        for category in agent.supported_task_categories:
            forwarder = SyncForwarder if agent.is_sync else AsyncForwarder
            ConnectorRegistry.register(forwarder(channel, category), override=True)
    return agents


class AsyncForwarder(AsyncConnectorBase):
    name = "forwarder"

    def __init__(self, channel, category):
        super().__init__(metadata_type=Reference, task_type_name=category.name, task_type_version=category.version)
        self._stub = agent_pb2_grpc.AsyncAgentServiceStub(channel)
        self._category = category

    def create(self, task_template, output_prefix, inputs=None, task_execution_metadata=None, **kwargs):
        request = agent_pb2.CreateTaskRequest(
            template=task_template.to_flyte_idl(),
            inputs=inputs.to_flyte_idl() if inputs else None,
            output_prefix=output_prefix,
        )
        return Reference(self._stub.CreateTask(request, timeout=DEADLINE_SECONDS).resource_meta)

    def get(self, resource_meta, **kwargs):
        request = agent_pb2.GetTaskRequest(resource_meta=resource_meta.value, task_category=self._category)
        return to_resource(self._stub.GetTask(request, timeout=DEADLINE_SECONDS).resource)

    def delete(self, resource_meta, **kwargs):
        request = agent_pb2.DeleteTaskRequest(resource_meta=resource_meta.value, task_category=self._category)
        self._stub.DeleteTask(request, timeout=DEADLINE_SECONDS)


class SyncForwarder(SyncConnectorBase):
    name = "sync forwarder"

    def __init__(self, channel, category):
        super().__init__(task_type_name=category.name, task_type_version=category.version)
        self._stub = agent_pb2_grpc.SyncAgentServiceStub(channel)

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        header = agent_pb2.CreateRequestHeader(template=task_template.to_flyte_idl(), output_prefix=output_prefix)
        requests = [
            agent_pb2.ExecuteTaskSyncRequest(header=header),
            agent_pb2.ExecuteTaskSyncRequest(inputs=inputs.to_flyte_idl() if inputs else None),
        ]
        [response] = self._stub.ExecuteTaskSync(iter(requests), timeout=DEADLINE_SECONDS)
        return to_resource(response.header.resource)


def to_resource(message):
    outputs = LiteralMap.from_flyte_idl(message.outputs) if message.HasField("outputs") else None
    return Resource(phase=message.phase, message=message.message, outputs=outputs, log_links=list(message.log_links))
