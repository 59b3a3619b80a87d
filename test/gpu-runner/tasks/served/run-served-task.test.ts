/** Tasks whose model a server elsewhere runs, against a real one over HTTP: same bytes after a kill, nothing asked twice. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { labelResult } from '../../../../shared/api/tasks/label.ts';
import { preferencePairLine, simulateResult } from '../../../../shared/api/tasks/simulate.ts';
import type { ServedModel } from '../../../../shared/api/served-model.ts';
import type { ClaimedTask } from '../../../../shared/api/tasks.ts';
import { kindStories } from '../../../../shared/principles/kind-stories/kind-stories.ts';
import { likelihoodQuestion } from '../../../../gpu-runner/algorithms/label/likelihood-question.ts';
import { ReferenceModel } from '../../../../gpu-runner/algorithms/reference-model.ts';
import { decodeLines } from '../../../../gpu-runner/tasks/json-lines.ts';
import { runServedTask } from '../../../../gpu-runner/tasks/served/run-served-task.ts';
import { openTinyModel, recordingHooks, tinyBannedTokens, tinyPrompts } from '../../algorithms/tiny-model.ts';
import { startEngineServer, type EngineServer, type Fault } from './engine-server.ts';

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const PROMPTS = Buffer.from(
  tinyPrompts(12)
    .map(({ id, text }) => `${JSON.stringify({ id, prompt: text })}\n`)
    .join(''),
);
const PRICE = { input: 2, output: 10 };

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let folder: string;
const open: EngineServer[] = [];
beforeEach(async () => {
  tiny = await openTinyModel();
  folder = mkdtempSync(join(tmpdir(), 'rlcd-served-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of open.splice(0)) await server.close();
  tiny.close();
  rmSync(folder, { recursive: true });
});

async function serve(fault: (request: number) => Fault | undefined = () => undefined): Promise<EngineServer> {
  const bannedTokens = tinyBannedTokens(tiny.model);
  const server = await startEngineServer(tiny.model, { maximumNewTokens: 24, bannedTokens, fault });
  open.push(server);
  const { origin } = new URL(server.url);
  vi.stubEnv('RLCD_SERVED_HOSTS', `${origin}=TEST_SERVER_KEY`);
  vi.stubEnv('TEST_SERVER_KEY', 'key-of-the-server');
  return server;
}

/** Artifacts in memory, and what a task put there. */
function store(...given: Uint8Array[]) {
  const kept = new Map(given.map((bytes) => [hashOf(bytes), bytes]));
  return {
    kept,
    artifacts: {
      get: async (sha256: string) => kept.get(sha256) ?? Promise.reject(new Error(`no ${sha256}`)),
      put: async ({ bytes }: { readonly bytes: Uint8Array }) => {
        kept.set(hashOf(bytes), Uint8Array.from(bytes));
        return hashOf(bytes);
      },
      putFile: async () => Promise.reject(new Error('a task of a served model stores no file')),
    },
  };
}

const common = {
  id: '019ab0e7-6c00-7000-8000-000000000000',
  epoch: 1,
  leaseSeconds: 60,
  leaseUntil: 0,
  experimentId: '019ab0e7-6c00-7000-8000-000000000001',
  stage: 'simulate',
  shard: { index: 0, count: 1 },
  seed: 5,
  checkpoint: null,
  engineVersion: 'v',
};
const principle = {
  name: 'kind-stories',
  version: 1,
  form: 'prefix' as const,
  responseOpening: '',
  affixPairs: [...kindStories.affixPairs],
};
const baseModel = {
  name: 'large',
  source: 'x',
  weightsSha256: 'ab'.repeat(32),
  contextLength: 192,
  configuration: {},
};
const simulation: ClaimedTask = {
  ...common,
  kind: 'simulate',
  principle,
  baseModel,
  prompts: { sha256: hashOf(PROMPTS), bytes: PROMPTS.length },
  inputs: [],
  parameters: {
    temperature: 1,
    topP: 1,
    maximumNewTokens: 24,
    maximumTries: 5,
    bannedTexts: ['\\'],
    promptLimit: null,
    pairsPerPrompt: 1,
    promptForm: 'prefix',
    responseOpening: '',
    sides: 'contrast',
  },
};
const labelling = (pairs: Uint8Array): ClaimedTask => ({
  ...common,
  kind: 'label',
  principle,
  baseModel,
  prompts: null,
  inputs: [{ name: 'pairs', sha256: hashOf(pairs), bytes: pairs.length }],
  parameters: { promptForm: 'prefix', orders: 'both', examples: [] },
});

const servedBy = ({ url }: EngineServer, protocol: ServedModel['protocol']): ServedModel => ({
  url,
  model: 'large',
  protocol,
  revision: null,
  price: PRICE,
});

async function run(
  task: ClaimedTask,
  server: EngineServer,
  {
    cache = 'a',
    hooks = recordingHooks(),
    resume = null,
    inputs = [PROMPTS],
    protocol = 'completions',
  }: {
    readonly cache?: string;
    readonly hooks?: ReturnType<typeof recordingHooks>;
    readonly resume?: Uint8Array | null;
    readonly inputs?: Uint8Array[];
    readonly protocol?: ServedModel['protocol'];
  } = {},
) {
  const { kept, artifacts } = store(...inputs);
  const { outputs, result } = await runServedTask(task, servedBy(server, protocol), {
    artifacts,
    hooks: hooks.hooks,
    resume,
    cacheDirectory: join(folder, cache),
  });
  return { result, pairs: kept.get(outputs[0]?.sha256 ?? '') ?? new Uint8Array() };
}
const twice = ({ answered }: EngineServer) => [...answered.values()].filter((count) => count > 1);

describe('a model that is served elsewhere', () => {
  it('simulates: pairs that fit the contract, counts, tokens, cost, its key in the header alone', async () => {
    const server = await serve();
    const messages: string[] = [];
    const hooks = recordingHooks();
    const progress = (_done: number, _total: number, _unit: string, message?: string) =>
      messages.push(message ?? '');
    const { result, pairs } = await run(simulation, server, {
      hooks: { ...hooks, hooks: { ...hooks.hooks, progress } },
    });
    const { served, pairs: count } = simulateResult.parse(result);
    expect(pairs.toString()).not.toBe('');
    expect(count).toBeGreaterThan(6);
    expect(served?.requests).toBe(server.came());
    const { input = 0, output = 0 } = served?.tokens ?? {};
    expect(served?.cost).toBeCloseTo((2 * input + 10 * output) / 1e6, 12);
    expect(messages.at(-1)).toMatch(
      new RegExp(`^${server.came()} requests, ${input} \\+ ${output} tokens, cost 0`),
    );
    expect([...server.authorizations]).toEqual(['Bearer key-of-the-server']);
    expect(twice(server)).toEqual([]);
    expect(JSON.stringify(readdirSync(join(folder, 'a'), { recursive: true }))).toContain('.jsonl');
  });

  it('goes on after limits, cut connections and answers of another form, to the same bytes', async () => {
    const calm = await run(simulation, await serve());
    const faults: Partial<Record<number, Fault>> = {
      2: 'limit',
      3: 'cut',
      5: 'nonsense',
      7: 'empty',
      9: 'limit',
    };
    const server = await serve((request) => faults[request]);
    const { result, pairs } = await run(simulation, server, { cache: 'b' });
    expect(Buffer.from(pairs).equals(calm.pairs)).toBe(true);
    expect(simulateResult.parse(result).served?.retries).toBe(5);
    expect(twice(server)).toEqual([]);
  });

  it('killed in between, asks for what is missing alone, from the disk or from a checkpoint, to the same bytes', async () => {
    vi.stubEnv('RLCD_SERVED_CONCURRENCY', '1');
    const unbroken = await serve();
    const whole = await run(simulation, unbroken);
    const broken = await serve((request) => (request === 8 || request === 15 ? 'refuse' : undefined));
    for (const asked of [8, 15]) {
      await expect(run(simulation, broken, { cache: 'b' })).rejects.toThrow(/status 400: .*too long/);
      expect(broken.came()).toBe(asked);
    }
    // A kill in the midst of a line.
    const [file = ''] = readdirSync(join(folder, 'b', 'served'));
    const journal = join(folder, 'b', 'served', file);
    writeFileSync(journal, `${readFileSync(journal, 'utf8')}{"key":"ab`);
    const resumed = await run(simulation, broken, { cache: 'b' });
    expect(resumed).toEqual(whole);
    expect(broken.came()).toBe(unbroken.came() + 2);
    expect(twice(broken)).toEqual([]);
    // Begun anew, with every answer at hand.
    expect(await run(simulation, broken, { cache: 'b' })).toEqual(whole);
    expect(broken.came()).toBe(unbroken.came() + 2);
  });

  it('goes on from a checkpoint on another machine', async () => {
    const task: ClaimedTask = { ...simulation, parameters: { ...simulation.parameters, pairsPerPrompt: 2 } };
    const first = await serve();
    const hooks = recordingHooks();
    const whole = await run(task, first, { hooks });
    const [[step, resume] = []] = [...hooks.checkpoints];
    expect(step).toBeGreaterThanOrEqual(32);
    const second = await serve();
    expect(await run(task, second, { cache: 'other', resume: resume ?? null })).toEqual(whole);
    expect(second.came()).toBe(first.came() - (step ?? 0));
    await expect(run(simulation, second, { cache: 'third', resume: resume ?? null })).rejects.toThrow(
      /checkpoint is of/,
    );
  });

  it('simulates by messages alone: the affix behind the last words of the user, turns and system turn as they are', async () => {
    const turns = [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'Hi.' },
      { role: 'assistant', text: 'Hello.' },
      { role: 'user', text: 'Say\n\nHuman: a.' },
    ];
    const lines = Array.from(
      { length: 12 },
      (_, row) =>
        `${JSON.stringify({ id: `p${row}`, prompt: `Say ${row}.`, ...(row === 3 && { turns }) })}\n`,
    );
    const prompts = Buffer.from(lines.join(''));
    const affixPairs = [{ positive: '(kind)', negative: '(rude)', scoringInstruction: 'Which is kind?' }];
    const task: ClaimedTask = {
      ...simulation,
      principle: { ...principle, form: 'dialogue', affixPairs },
      prompts: { sha256: hashOf(prompts), bytes: prompts.length },
      parameters: { ...simulation.parameters, promptForm: 'chat' },
    };
    const server = await serve();
    const { result, pairs } = await run(task, server, { inputs: [prompts], protocol: 'chat' });
    expect(simulateResult.parse(result).pairs).toBeGreaterThan(6);
    expect(decodeLines(pairs, preferencePairLine, 'pairs')[0]?.prompt).toMatch(
      /^Human: Say \d+\.\n\nAssistant:$/,
    );
    const asked = [...server.answered.keys()].map((body) =>
      z.looseObject({ messages: z.array(z.unknown()) }).parse(JSON.parse(body)),
    );
    const said = (content: string) =>
      expect.objectContaining({ messages: [{ role: 'user', content }] }) as unknown;
    expect(asked).toContainEqual(said('Say 0. (kind)'));
    expect(asked).toContainEqual(said('Say 0. (rude)'));
    const conversation = turns.map(({ role, text }) => ({ role, content: text }));
    expect(asked).toContainEqual(
      expect.objectContaining({
        messages: [...conversation.slice(0, -1), { role: 'user', content: 'Say\n\nHuman: a. (rude)' }],
      }),
    );
  });

  it('labels stories by the log-probabilities of a given text, as our own engine does', async () => {
    const { pairs } = await run(simulation, await serve());
    const server = await serve();
    const { result, pairs: labelled } = await run(labelling(pairs), server, { inputs: [pairs] });
    const { pairs: count, served, question } = labelResult.parse(result);
    expect(question).toBe('likelihood');
    expect(served?.requests).toBe(server.came());
    expect(served?.requests).toBeLessThanOrEqual(2 * count);
    const parsed = decodeLines(labelled, preferencePairLine, 'pairs');
    expect(parsed).toHaveLength(count);
    const { tokenizer, architecture } = tiny.model;
    const contextLength = architecture.maximumPositions;
    const reference = await ReferenceModel.open(tiny.model, {
      scoring: 'tokens',
      maximumTime: contextLength,
      microbatchRows: 1,
    });
    const own = likelihoodQuestion({
      tokenizer,
      contextLength,
      seed: 5,
      instructions: principle.affixPairs.map(({ scoringInstruction }) => scoringInstruction),
      logProbabilities: (texts, signal) => reference.logProbabilities(texts, signal),
    });
    const verdicts = await own.ask(parsed, new AbortController().signal);
    await reference.close();
    for (const [index, { labelProbability }] of parsed.entries()) {
      expect(labelProbability).toBeGreaterThanOrEqual(0.5);
      expect(verdicts[index]?.first).toBeCloseTo(labelProbability, 4);
    }
  });

  it('refuses at the first question a server without log-probabilities, and any redirect', async () => {
    const { pairs } = await run(simulation, await serve());
    const mute = await serve(() => 'no-logprobs');
    await expect(run(labelling(pairs), mute, { inputs: [pairs] })).rejects.toThrow(
      /no log-probabilities of the prompt/,
    );
    expect(mute.came()).toBe(1);
    const leading = await serve(() => 'redirect');
    await expect(run(simulation, leading, { cache: 'c' })).rejects.toThrow(/redirect, which is not followed/);
    expect(leading.came()).toBe(1);
  });

  it('refuses before it asks: a server that is not allowed, a prompt that cannot fit, work that needs weights', async () => {
    const server = await serve();
    const short: ClaimedTask = { ...simulation, baseModel: { ...baseModel, contextLength: 30 } };
    await expect(run(short, server)).rejects.toThrow(/prompt p0 and its response take at least \d+ tokens/);
    const generate = { ...simulation, kind: 'generate' } as unknown as ClaimedTask;
    await expect(run(generate, server)).rejects.toThrow(/generate needs the weights of large/);
    vi.stubEnv('RLCD_SERVED_HOSTS', 'https://elsewhere.example');
    await expect(run(simulation, server)).rejects.toThrow(/may not ask http:\/\/127\.0\.0\.1/);
    expect(server.came()).toBe(0);
  });
});
