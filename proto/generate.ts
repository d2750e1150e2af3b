/**
 * Generates `src/gen`: the messages and services that Flyte's agent protocols reach, the file in which a task's container tells
 * its failure, and gRPC's health service.
 *
 * The sources are the official npm packages. `@flyteorg/flyteidl` holds .proto files, which buf compiles;
 * `@flyteorg/flyteidl2` holds generated code only, from which the descriptors are read back. The HTTP bindings and
 * validation rules of both are annotations that no engine uses; without them two large files need not be generated.
 *
 * Usage: node generate.ts [--if-missing]
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { create, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt';

const here = import.meta.dirname;
const output = join(here, 'src/gen');
const require = createRequire(import.meta.url);
const flyte1Service = 'flyteidl/service/agent.proto';
const errorDocument = 'flyteidl/core/errors.proto';
const flyte2Service = 'flyteidl2/connector/service.proto';
const healthService = 'health/v1/health.proto';
const annotations = ['google/api/annotations.proto', 'buf/validate/validate.proto'];

if (process.argv.includes('--if-missing') && existsSync(join(output, 'flyteidl/core/errors_pb.ts'))) process.exit(0);
const work = mkdtempSync(join(tmpdir(), 'flyte-agents-proto-'));
try {
  const set = create(FileDescriptorSetSchema, { file: [...protoFiles(), ...flyte2Files()].map(withoutAnnotations) });
  generate(set.file);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Compiles the .proto files that the Flyte 1 agent service, its error file and gRPC's health service import, directly or not. */
function protoFiles(): FileDescriptorProto[] {
  const places = [
    join(packageFolder('@flyteorg/flyteidl'), 'protos'),
    packageFolder('protobufjs'),
    join(packageFolder('grpc-health-check'), 'proto'),
  ];
  const copy = (path: string): void => {
    const target = join(work, 'protos', path);
    if (existsSync(target) || path.startsWith('google/protobuf/')) return;
    const source = places.map((place) => join(place, path)).find((candidate) => existsSync(candidate));
    if (source === undefined) throw new Error(`${path}: in none of the npm packages that hold Flyte's .proto files`);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target);
    for (const [, imported = ''] of readFileSync(target, 'utf8').matchAll(/^import\s+(?:public\s+)?"([^"]+)"/gm)) copy(imported);
  };
  [flyte1Service, errorDocument, healthService].forEach(copy);
  writeFileSync(join(work, 'buf.yaml'), 'version: v2\nmodules: [{ path: protos }]\n');
  const image = join(work, 'flyte1.binpb');
  run('buf', ['build', '--as-file-descriptor-set', '-o', image]);
  return fromBinary(FileDescriptorSetSchema, readFileSync(image)).file;
}

/** Reads the descriptors out of the generated Flyte 2 code. That code leaves out their `dependency`: its imports have it. */
function flyte2Files(): FileDescriptorProto[] {
  const root = packageFolder('@flyteorg/flyteidl2');
  const files = new Map<string, FileDescriptorProto>();
  const read = (path: string): void => {
    if (files.has(path) || annotations.includes(path)) return;
    const text = readFileSync(join(root, path.replace(/\.proto$/, '_pb.ts')), 'utf8');
    const descriptor = /fileDesc\("([^"]+)"/.exec(text)?.[1];
    if (descriptor === undefined) throw new Error(`@flyteorg/flyteidl2 ${path}: holds no file descriptor`);
    const file = fromBinary(FileDescriptorProtoSchema, base64Decode(descriptor));
    files.set(path, file);
    const imports = [...text.matchAll(/^import \{ (file_\w+(?:, file_\w+)*) \} from "([^"]+)"/gm)];
    file.dependency = imports.flatMap(([, names = '', from = '']) =>
      from.startsWith('.')
        ? [posix.join(posix.dirname(path), from).replace(/_pb(\.ts)?$/, '.proto')]
        : names.split(', ').map((name) => `${name.slice('file_'.length).replaceAll('_', '/')}.proto`),
    );
    for (const imported of file.dependency) if (!imported.startsWith('google/protobuf/')) read(imported);
  };
  read(flyte2Service);
  return [...files.values()];
}

/** Takes the HTTP bindings and validation rules away: they are extensions of the descriptors' options. */
function withoutAnnotations(file: FileDescriptorProto): FileDescriptorProto {
  file.dependency = file.dependency.filter((path) => !annotations.includes(path));
  const walk = (message: FileDescriptorProto['messageType'][number]): void => {
    [message, ...message.field, ...message.oneofDecl, ...message.enumType].forEach(strip);
    message.enumType.flatMap((type) => type.value).forEach(strip);
    message.nestedType.forEach(walk);
  };
  strip(file);
  file.messageType.forEach(walk);
  for (const type of file.enumType) [type, ...type.value].forEach(strip);
  for (const service of file.service) [service, ...service.method].forEach(strip);
  return file;
}

function strip(element: { options?: Message | undefined }): void {
  delete element.options?.$unknown;
}

function generate(files: FileDescriptorProto[]): void {
  const kept = files.filter((file) => !file.name.startsWith('google/api/'));
  const image = join(work, 'agents.binpb');
  writeFileSync(image, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: kept })));
  const template = {
    version: 'v2',
    inputs: [{ binary_image: image, paths: [flyte1Service, errorDocument, flyte2Service, healthService] }],
    plugins: [
      { local: 'protoc-gen-es', out: output, include_imports: true, opt: ['target=ts', 'import_extension=ts', 'erasable_syntax=true'] },
    ],
  };
  rmSync(output, { recursive: true, force: true });
  run('buf', ['generate', '--template', JSON.stringify(template)]);
}

function run(command: string, args: string[]): void {
  const path = `${join(here, 'node_modules/.bin')}:${process.env['PATH']}`;
  execFileSync(command, args, { cwd: work, stdio: 'inherit', env: { ...process.env, PATH: path } });
}

function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}
