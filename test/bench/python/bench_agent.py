"""A connector that does nothing: what a poll of it costs is flytekit's own cost."""

from dataclasses import dataclass

from flyteidl.core.execution_pb2 import TaskExecution
from flytekit.extend.backend.base_connector import AsyncConnectorBase, ConnectorRegistry, Resource, ResourceMeta


@dataclass
class BenchMetadata(ResourceMeta):
    job_id: str
    project: str
    location: str


class BenchConnector(AsyncConnectorBase):
    name = "Bench Connector"

    def __init__(self):
        super().__init__(task_type_name="bench_async", metadata_type=BenchMetadata)

    async def create(self, task_template, inputs=None, **kwargs) -> BenchMetadata:
        return BenchMetadata(job_id="job", project="bench-project", location="EU")

    async def get(self, resource_meta: BenchMetadata, **kwargs) -> Resource:
        return Resource(phase=TaskExecution.RUNNING)

    async def delete(self, resource_meta: BenchMetadata, **kwargs):
        pass


ConnectorRegistry.register(BenchConnector())
