/** When there is a model to take, and what is said where there is none: the edge exports the same. */
import { describe, expect, it } from 'vitest';
import type { ExperimentDetail, Stage } from '../../../edge/dashboard/app/types.ts';
import { hasAdapter, isAligned, whatComes } from '../../../edge/dashboard/pages/experiment/taken-model.ts';
import { chooseArtifact } from '../../../shared/export/choose-artifact.ts';
import { METHOD_STAGES, type Method } from '../../../shared/method-stages.ts';

type Status = ExperimentDetail['status'];

/** Of a method whose stages have ended up to one of them, which has the experiment's own state. */
function experimentOf(method: Method, status: Status, at?: string) {
  const names = METHOD_STAGES[method].map(({ name }) => name);
  const end = at === undefined ? names.length : names.indexOf(at);
  const stages = names.map((name, index) => ({
    name,
    status: index < end ? 'succeeded' : index === end ? status : 'waiting',
  })) as Stage[];
  return { status, stages };
}

/** What such stages put, as the lineage tells it. */
const OUTPUTS: Readonly<Record<string, string>> = {
  select: 'adapter',
  distill: 'adapter',
  dpo: 'adapter',
  ppo: 'cell-0',
  'train-preference-model': 'preference-model',
};

function isExported({ status, stages }: ReturnType<typeof experimentOf>): boolean {
  const tasks = stages
    .filter((stage) => stage.status === 'succeeded')
    .map(({ name }) => ({ stage: name, outputs: [{ name: OUTPUTS[name] ?? 'pairs', sha256: 'a' }] }));
  try {
    return chooseArtifact({ tasks, status }) !== null;
  } catch {
    return false;
  }
}

describe('a model to take', () => {
  it('is there exactly where the edge exports one, whatever has ended and however', () => {
    let cases = 0;
    for (const method of Object.keys(METHOD_STAGES) as Method[]) {
      const done = experimentOf(method, 'succeeded');
      expect(hasAdapter(done), method).toBe(isExported(done));
      for (const { name } of METHOD_STAGES[method]) {
        for (const status of ['queued', 'running', 'failed', 'cancelled'] as const) {
          const experiment = experimentOf(method, status, name);
          expect(hasAdapter(experiment), `${method} ${name} ${status}`).toBe(isExported(experiment));
          expect(hasAdapter(experiment) || /^[A-Z][^.]+\.$/.test(whatComes(experiment))).toBe(true);
          cases++;
        }
      }
    }
    expect(cases).toBeGreaterThan(100);
  });

  it('is told of in a sentence: what comes, or why nothing will', () => {
    expect(whatComes(experimentOf('rlcd', 'running', 'ppo'))).toContain('the stage select has ended');
    expect(whatComes(experimentOf('dpo', 'queued', 'simulate'))).toContain('the stage dpo has ended');
    expect(whatComes(experimentOf('rlcd', 'failed', 'ppo'))).toContain('the stage ppo failed');
    expect(whatComes(experimentOf('rlcd', 'cancelled', 'ppo'))).toContain('cancelled');
    expect(whatComes(experimentOf('best-of-n', 'running', 'judge'))).toContain('all stages have ended');
    expect(whatComes(experimentOf('base', 'succeeded'))).toContain('Nothing is trained');
  });

  it('can be talked to only where it is the aligned one', () => {
    expect(isAligned(experimentOf('human-preference-model', 'succeeded'))).toBe(false);
    expect(isAligned(experimentOf('rlcd', 'running', 'generate'))).toBe(true);
  });
});
