# Written by bake.ts from the packages.
# Every image:  VERSION=1.2.3 REVISION="$(git rev-parse HEAD)" docker buildx bake --file docker/docker-bake.hcl --push
# One of them:  docker buildx bake --file docker/docker-bake.hcl s3-sensor

variable "REGISTRY" {
  default = "ghcr.io/flyte-agents"
}

variable "VERSION" {
  default = "0.0.0"
}

variable "REVISION" {
  default = "unknown"
}

# Where layers are kept between builds: type=gha, type=registry,ref=…
variable "CACHE" {
  default = ""
}

group "default" {
  targets = ["image"]
}

target "image" {
  name = image.name
  matrix = {
    image = [
      { name = "all", description = "Every Flyte agent of flyte-agents, in one server" },
      { name = "batch", description = "Flyte agent that runs containers as AWS Batch jobs" },
      { name = "bigquery", description = "Flyte agent that runs queries, loads, exports and copies as BigQuery jobs" },
      { name = "databricks", description = "Flyte agent that runs tasks as Databricks runs, and SQL on Databricks warehouses" },
      { name = "openai", description = "Flyte agents that ask models of OpenAI, and of services with its API, and run batches" },
      { name = "s3-sensor", description = "Flyte sensors that wait for objects on S3, Google Cloud Storage and Azure, for files, and for what URLs answer" },
      { name = "sagemaker", description = "Flyte agent that runs SageMaker jobs and endpoints, and calls of AWS" },
      { name = "snowflake", description = "Flyte agent that runs SQL on Snowflake" },
    ]
  }
  context    = "."
  dockerfile = "docker/Dockerfile"
  args = {
    AGENT    = image.name
    VERSION  = VERSION
    REVISION = REVISION
  }
  labels = {
    "org.opencontainers.image.description" = image.description
  }
  annotations = ["index,manifest:org.opencontainers.image.description=${image.description}"]
  tags        = ["${REGISTRY}/${image.name}:${VERSION}"]
  platforms   = ["linux/amd64", "linux/arm64"]
  attest      = ["type=sbom", "type=provenance,mode=max"]
  cache-from  = CACHE == "" ? [] : [CACHE]
  cache-to    = CACHE == "" ? [] : ["${CACHE},mode=max"]
}
