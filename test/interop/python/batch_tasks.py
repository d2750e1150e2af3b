"""A task of flytekitplugins-awsbatch, as a user writes it: its container imports it from here."""

from flytekit import task
from flytekitplugins.awsbatch import AWSBatchConfig


@task(task_config=AWSBatchConfig(parameters={"codec": "mp4"}, tags={"hello": "world"}), environment={"FACTOR": "3"}, retries=2)
def multiply(a: int) -> int:
    import os

    if a < 0:
        raise ValueError("a must not be negative")
    print("multiplying", a)
    return a * int(os.environ["FACTOR"])
