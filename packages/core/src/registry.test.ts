import { describe, expect, test } from 'vitest';
import { EchoAgent, FlagSensor, JobAgent, recordingLogger } from './__fixtures__/agents.ts';
import { AgentRegistry } from './registry.ts';

class OtherJobAgent extends JobAgent {
  override readonly name = 'Other Job Agent';
}

class WideAgent extends JobAgent {
  override readonly name = 'Wide Agent';
  override readonly taskTypes = [{ name: 'wide' }, { name: 'broad' }];
}

describe('a registry', () => {
  test('finds the agent of a task type', () => {
    const [job, echo] = [new JobAgent(), new EchoAgent()];
    const registry = new AgentRegistry([job, echo]);
    expect([registry.find('job'), registry.find('echo'), registry.find('made-up'), registry.find('toString')]).toEqual([
      job,
      echo,
      undefined,
      undefined,
    ]);
  });

  test('has all sensors as one agent, after the others', () => {
    const registry = new AgentRegistry([new FlagSensor(), new JobAgent(), new FlagSensor('Other', { kind: 'other' })]);
    expect(registry.agents.map((agent) => [agent.name, ...registry.taskTypes(agent)])).toEqual([
      ['Job Agent', 'job'],
      ['Sensor', 'sensor', 'file_sensor'],
    ]);
  });

  test('R9, P15: does not start with one task type served twice, and says by whom', () => {
    expect(() => new AgentRegistry([new JobAgent(), new OtherJobAgent()])).toThrow(
      'task type job is served by Job Agent and by Other Job Agent: install one of them',
    );
  });

  test('C26: serves only the allowed task types, and lists only agents that have one', () => {
    const wide = new WideAgent();
    const registry = new AgentRegistry([new JobAgent(), wide, new FlagSensor()], ['broad', 'sensor']);
    expect(registry.find('wide')).toBeUndefined();
    expect(registry.find('job')).toBeUndefined();
    expect(registry.find('broad')).toBe(wide);
    expect(registry.agents.flatMap((agent) => [agent.name, ...registry.taskTypes(agent)])).toEqual([
      'Wide Agent',
      'broad',
      'Sensor',
      'sensor',
    ]);
  });

  test('C26: does not start when an allowed task type is nobody’s', () => {
    expect(() => new AgentRegistry([new JobAgent()], ['job', 'snowflake', 'typo'])).toThrow(
      'no installed agent serves task type snowflake, typo: install one, or take it off the list',
    );
  });

  test('C26: two agents of one type may be installed when it is not served here', () => {
    const registry = new AgentRegistry([new JobAgent(), new OtherJobAgent(), new EchoAgent()], ['echo']);
    expect(registry.agents.map(({ name }) => name)).toEqual(['Echo Agent']);
  });

  test('loads an agent that is alone, before the first task', async () => {
    const [job, flag] = [new JobAgent(), new FlagSensor()];
    await new AgentRegistry([job]).prepare(recordingLogger());
    await new AgentRegistry([flag]).prepare(recordingLogger());
    expect([job.prepared, flag.prepared]).toEqual([1, 1]);
  });

  test('loads all sensors where there is nothing else: they are one agent', async () => {
    const sensors = [new FlagSensor(), new FlagSensor('Other', { kind: 'other' })];
    await new AgentRegistry(sensors).prepare(recordingLogger());
    expect(sensors.map(({ prepared }) => prepared)).toEqual([1, 1]);
  });

  test('leaves several agents to their first task', async () => {
    const job = new JobAgent();
    await new AgentRegistry([job, new EchoAgent()]).prepare(recordingLogger());
    await new AgentRegistry([]).prepare(recordingLogger());
    expect(job.prepared).toBe(0);
  });
});
