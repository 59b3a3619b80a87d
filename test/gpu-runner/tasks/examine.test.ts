/** The examine task on a chat model: human pairs through the template, judges of every kind that needs no server, a kill. */
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { runTask } from '../../../gpu-runner/tasks/run-task.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { examineResult } from '../../../shared/api/tasks/examine.ts';
import { openChatModel } from '../algorithms/chat-model.ts';
import { recordingHooks, type Recorded } from '../algorithms/tiny-model.ts';

const opened = await openChatModel(1024);
afterAll(opened.close);
const { model } = opened;

const rows = Array.from({ length: 10 }, (_, row) => ({
  id: String(row),
  prompt: `Human: Say ${row}.\n\nAssistant:`,
  chosen: `I am happy to say ${row}.`,
  rejected: row === 3 ? 'No.' : `I hate this awful ${row}.`,
}));

/** @param data rows of the split */
async function examine(
  parameters: Record<string, unknown>,
  data: readonly object[] = rows,
  { hooks }: Pick<Recorded, 'hooks'> = recordingHooks(),
  resume: Uint8Array | null = null,
) {
  const bytes = Buffer.from(data.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const task = {
    id: '019ab0e7-6c00-7000-8000-000000000000',
    kind: 'examine',
    shard: { index: 0, count: 1 },
    seed: 5,
    principle: null,
    prompts: { sha256, bytes: bytes.length },
    inputs: [],
    parameters: { judges: ['sentiment'], pairLimit: 300, promptForm: 'chat', ...parameters },
  } as unknown as Extract<ClaimedTask, { kind: 'examine' }>;
  const { outputs, result } = await runTask('examine', {
    task,
    model,
    artifacts: {
      get: async () => Uint8Array.from(bytes),
      put: async () => Promise.reject(new Error('an exam makes nothing')),
      putFile: async () => Promise.reject(new Error('an exam makes nothing')),
    },
    hooks,
    cacheDirectory: '/nowhere',
    resume,
    device: { name: 'cpu', memoryBytes: null },
  });
  expect(outputs).toEqual([]);
  expect(examineResult.parse(result)).toEqual(result);
  return result;
}

const LIKELIHOOD = { kind: 'likelihood', question: 'helpful' };

describe('the examine task', () => {
  it.each(['chat', 'dialogue'])(
    'in the form %s: a lexicon and the model itself, side by side',
    async (promptForm) => {
      const { pairs, exams } = await examine({ promptForm, judges: ['sentiment', LIKELIHOOD] });
      expect(pairs).toBe(10);
      const [lexicon, likelihood] = exams;
      // "No." is negative, too.
      expect(lexicon).toMatchObject({
        judge: 'sentiment',
        n: 10,
        agreed: 10,
        unparsable: 0,
        positionBias: null,
      });
      expect(lexicon?.probabilities?.from).toBe('scores');
      expect(likelihood).toMatchObject({ judge: 'likelihood-helpful', n: 10, orders: 'both', unparsable: 0 });
      expect(likelihood?.positionBias).not.toBeNull();
      expect(likelihood?.probabilities).toMatchObject({ from: 'likelihood', scales: null });
      expect(likelihood?.lengthOnly).toEqual(lexicon?.lengthOnly);
    },
  );

  it('goes on after a kill to the same result', async () => {
    const judges = [LIKELIHOOD, 'sentiment'];
    const whole = await examine({ judges });
    const killed = recordingHooks(1);
    await expect(examine({ judges }, rows, killed)).rejects.toThrow('killed');
    expect(await examine({ judges }, rows, recordingHooks(), killed.checkpoints.get(1) ?? null)).toEqual(
      whole,
    );
  });

  it('passes over rows that nobody labelled, and leaves out prompts that cannot be read, by reason', async () => {
    const odd = [
      { id: 'plain', prompt: 'Human: Hi.\n\nAssistant:' },
      { id: 'long', prompt: `Human: ${'x'.repeat(2000)}\n\nAssistant:`, chosen: 'a', rejected: 'b' },
      ...rows,
    ];
    const result = await examine({}, odd);
    expect(result).toMatchObject({ pairs: 11, leftOut: { 'too-long': 1 } });
    expect(result.exams[0]?.n).toBe(10);
    const bare = [{ id: 's', prompt: 'Say 99.', chosen: 'I am happy.', rejected: 'I hate it.' }];
    // Text without labels is what a person said.
    const { exams } = await examine({ promptForm: 'dialogue', judges: [LIKELIHOOD] }, [...bare, ...rows]);
    expect(exams[0]).toMatchObject({ n: 11, unparsable: 0 });
    await expect(examine({}, odd.slice(0, 1))).rejects.toThrow(/no pair that people judged/);
    await expect(examine({}, odd.slice(1, 2))).rejects.toThrow(/none of 1 prompts is of use/);
  });
});
