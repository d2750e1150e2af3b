"""Tasks of flytekitplugins-awssagemaker, as a user writes them: their containers import them from here."""

from flytekit import task
from flytekitplugins.awssagemaker_processing import SageMakerProcessing
from flytekitplugins.awssagemaker_training import SageMakerTraining

role = "arn:aws:iam::123456789012:role/sagemaker"
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/tasks:v1"


@task(task_config=SageMakerTraining(execution_role_arn=role, region="us-east-1", environment={"FACTOR": "3"}), container_image=image)
def train(a: int) -> int:
    import os

    if a < 0:
        raise ValueError("a must not be negative")
    return a * int(os.environ["FACTOR"])


@task(task_config=SageMakerProcessing(execution_role_arn=role, region="us-east-1", environment={"FACTOR": "2"}), container_image=image)
def process(a: int) -> int:
    import os

    return a * int(os.environ["FACTOR"])
