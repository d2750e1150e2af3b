import { join } from 'node:path';
import { createFileRegistry, fromBinary, type FileRegistry } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { pythonTool, run } from '@flyte-agents/test-upstreams';

const python = join(import.meta.dirname, '../python');

/** The descriptors of a module, and of all that it imports, from Flyte's packages on PyPI. Needs python3. */
export async function publishedDescriptors(module: string): Promise<FileRegistry> {
  const interpreter = await pythonTool('idl', join(python, 'idl.txt'));
  const printed = await run(interpreter, [join(python, 'descriptors.py'), module]);
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, base64Decode(printed.trim())));
}
