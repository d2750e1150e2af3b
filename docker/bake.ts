/** Writes docker-bake.hcl from the packages: `node docker/bake.ts`. A test fails when that has been forgotten. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { images, type Image } from './images.ts';

/** The file that `docker buildx bake` reads. */
export const bakeFile: string = join(import.meta.dirname, 'docker-bake.hcl');

/** What that file must hold. */
export function toBakeFile(all: readonly Image[]): string {
  const matrix = all.map(
    ({ name, description }) => `      { name = ${JSON.stringify(name)}, description = ${JSON.stringify(description)} },`,
  );
  return `# Written by bake.ts from the packages.
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
${matrix.join('\n')}
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
  annotations = ["index,manifest:org.opencontainers.image.description=\${image.description}"]
  tags        = ["\${REGISTRY}/\${image.name}:\${VERSION}"]
  platforms   = ["linux/amd64", "linux/arm64"]
  attest      = ["type=sbom", "type=provenance,mode=max"]
  cache-from  = CACHE == "" ? [] : [CACHE]
  cache-to    = CACHE == "" ? [] : ["\${CACHE},mode=max"]
}
`;
}

if (import.meta.main) writeFileSync(bakeFile, toBakeFile(images()));
