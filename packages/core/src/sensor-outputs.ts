import { AgentError } from './errors.ts';
import type { Literal, LiteralType } from './literals/model.ts';
import { typeName } from './literals/names.ts';
import type { PokeResult, Sensor } from './sensor.ts';
import type { TaskTemplate } from './task.ts';

const found: LiteralType = { kind: 'simple', simple: 'BOOLEAN' };

/**
 * The names of the outputs that a task declares.
 *
 * @throws AgentError INVALID_ARGUMENT for one that the sensor cannot give: whoever reads it would wait in vain
 */
export function declaredOutputs(sensor: Sensor<unknown>, { outputs }: TaskTemplate): readonly string[] {
  const known: Readonly<Record<string, LiteralType>> = { ...sensor.outputs, found };
  for (const [name, { type }] of outputs) {
    const own = Object.hasOwn(known, name) ? known[name] : undefined;
    if (own !== undefined && type !== undefined && typeName(own) === typeName(type)) continue;
    const choice = Object.entries(known).map(([each, ofType]) => `${each}: ${typeName(ofType)}`);
    const wanted = type === undefined ? name : `${name}: ${typeName(type)}`;
    const message = `the task declares an output ${wanted}, which ${sensor.name} does not give (it gives ${choice.join(', ')})`;
    throw new AgentError({ code: 'INVALID_ARGUMENT', message });
  }
  return [...outputs.keys()];
}

/** What a task gets that declares outputs (SE10), nothing else; `undefined` when it declares none. */
export function outputsOf(
  sensor: Sensor<unknown>,
  declared: readonly string[],
  result: Pick<PokeResult, 'met' | 'outputs'>,
): Readonly<Record<string, Literal>> | undefined {
  if (declared.length === 0) return undefined;
  const { met, outputs = {} } = result;
  const value = (name: string): Literal =>
    name === 'found' ? { kind: 'boolean', value: met } : (outputs[name] ?? nothing(sensor.outputs[name]));
  return Object.fromEntries(declared.map((name) => [name, value(name)]));
}

/** What stands where a sensor found nothing. */
function nothing(type: LiteralType | undefined): Literal {
  if (type?.kind === 'collection') return { kind: 'collection', items: [] };
  if (type?.kind === 'simple' && type.simple === 'INTEGER') return { kind: 'integer', value: 0n };
  if (type?.kind === 'simple' && type.simple === 'STRING') return { kind: 'string', value: '' };
  return { kind: 'none' };
}
