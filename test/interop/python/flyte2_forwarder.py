"""flyte-sdk as a client of a server of connectors.

flyte-sdk's local runs call the connectors of their own process. This module registers, for every task type that a server's
ListConnectors announces, a connector that forwards to that server, so that tasks run there instead.
"""

from dataclasses import dataclass

import grpc
from flyte._internal.runtime.convert import Outputs, convert_from_native_to_inputs, convert_outputs_to_native
from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core.security_pb2 import Connection

DEADLINE_SECONDS = 10


@dataclass
class Reference(ResourceMeta):
    """What the server answered to a create: bytes that only it understands."""

    value: bytes


def register(endpoint, interface):
    """Registers a forwarder for every announced type. The interface is that of the task that will be run."""
    channel = grpc.insecure_channel(endpoint)
    metadata = service_pb2_grpc.ConnectorMetadataServiceStub(channel)
    for connector in metadata.ListConnectors(connector_pb2.ListConnectorsRequest(), timeout=DEADLINE_SECONDS).connectors:
        for category in connector.supported_task_categories:
            ConnectorRegistry.register(Forwarder(channel, category, interface), override=True)


class Forwarder(AsyncConnector):
    name = "forwarder"
    metadata_type = Reference

    def __init__(self, channel, category, interface):
        self.task_type_name = category.name
        self.task_type_version = category.version
        self._stub = service_pb2_grpc.AsyncConnectorServiceStub(channel)
        self._category = category
        self._interface = interface

    async def create(self, task_template, output_prefix, inputs=None, task_execution_metadata=None, **secrets):
        literals = await convert_from_native_to_inputs(self._interface, **(inputs or {}))
        request = connector_pb2.CreateTaskRequest(
            template=task_template,
            inputs=literals.proto_inputs,
            output_prefix=output_prefix,
            connection=Connection(secrets=secrets),
        )
        return Reference(self._stub.CreateTask(request, timeout=DEADLINE_SECONDS).resource_meta)

    async def get(self, resource_meta, **secrets):
        request = connector_pb2.GetTaskRequest(
            resource_meta=resource_meta.value, task_category=self._category, connection=Connection(secrets=secrets)
        )
        resource = self._stub.GetTask(request, timeout=DEADLINE_SECONDS).resource
        outputs = None
        if resource.HasField("outputs"):
            native = await convert_outputs_to_native(self._interface, Outputs(proto_outputs=resource.outputs))
            names = list(self._interface.outputs)
            outputs = dict(zip(names, native if isinstance(native, tuple) else (native,)))
        return Resource(phase=resource.phase, message=resource.message, log_links=list(resource.log_links), outputs=outputs)

    async def delete(self, resource_meta, **secrets):
        request = connector_pb2.DeleteTaskRequest(
            resource_meta=resource_meta.value, task_category=self._category, connection=Connection(secrets=secrets)
        )
        self._stub.DeleteTask(request, timeout=DEADLINE_SECONDS)
