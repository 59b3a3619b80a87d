/** The main command from end to end: a whole alignment, its result, and the same again. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ResultDocument } from '../../scripts/commands/demo/result.ts';
import { runAlignment, type AlignmentOptions } from '../../scripts/commands/demo/run-alignment.ts';
import { createClient } from '../../shared/api/client.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { openings, QUICK } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-demo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Terminal {
  readonly signal?: AbortSignal;
  readonly columns?: number;
  /** Called with all that the progress says so far. */
  readonly onProgress?: (text: string) => void;
}

/** What the command prints. */
async function demo(
  options: AlignmentOptions,
  { signal = new AbortController().signal, columns = 80, onProgress }: Terminal = {},
) {
  const written = { output: '', progress: '' };
  const into = (name: keyof typeof written) => ({
    columns,
    write: (text: string | Uint8Array) => {
      written[name] += String(text);
      if (name === 'progress') onProgress?.(written.progress);
      return true;
    },
  });
  const [output, progress] = [into('output'), into('progress')];
  const run = { options, words: ['demo'], hyperparameters: QUICK, output, progress };
  await runAlignment(run, signal);
  return written;
}

describe('npm run demo', () => {
  it('aligns, judges and shows the result; again in the same folder, it finds all of it', async () => {
    const prompts = join(folder, 'prompts.jsonl');
    const rows = (['train', 'dev', 'test'] as const).flatMap((split) =>
      openings.map((text) => ({ prompt: `${text} They were in the ${split}.`, split })),
    );
    writeFileSync(prompts, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const options: AlignmentOptions = {
      host: 'node',
      method: 'rlcd',
      scale: 'small',
      seed: 3,
      model: 'bundled',
      prompts,
      principle: 'kind-stories',
      data: join(folder, 'data'),
      port: 0,
      exit: true,
      json: true,
      yes: true,
    };

    await stopsAtWork(options);
    const first = await demo(options);
    const document = JSON.parse(first.output) as ResultDocument;
    const { result, resultSha256, run } = document;
    expect(createHash('sha256').update(canonicalJson(result)).digest('hex')).toBe(resultSha256);
    expect(result.experiments.map(({ method }) => method)).toEqual(['rlcd', 'base']);
    const [rlcd, base] = result.experiments;
    expect(Object.keys(rlcd?.results ?? {}).sort()).toEqual(
      ['simulate', 'train-preference-model', 'ppo', 'select', 'generate', 'generate-base', 'judge'].sort(),
    );
    expect(rlcd?.results['judge']).toMatchObject([{ judgements: [{ judge: 'sentiment', n: 8 }] }]);
    const named = (stage: string) =>
      rlcd?.artifacts.filter((artifact) => artifact.stage === stage).map(({ name }) => name);
    expect(named('ppo')).toEqual(['cell-0.1-2', 'cell-0.1-3', 'cell-0.2-2', 'cell-0.2-3']);
    // The base model answered once for both experiments.
    const baseBytes = rlcd?.artifacts.find(({ stage }) => stage === 'generate-base')?.sha256;
    expect(base?.artifacts.find(({ stage }) => stage === 'generate')?.sha256).toBe(baseBytes);
    expect(result.samples).toHaveLength(3);
    expect(result.samples[0]?.prompt).toMatch(/the test\.$/);
    expect(first.progress).toMatch(/ppo: succeeded 100 %/);
    // Nothing is left behind.
    await expect(fetch(`${run.url}/v1/health`)).rejects.toThrow(/fetch failed/);

    const second = await demo({ ...options, json: false });
    expect(second.output).toContain(resultSha256);
    expect(second.output).toMatch(/RLCD against base +\d+\.\d % \[\d+\.\d, \d+\.\d\]/);
    expect(second.output).toMatch(/KL coefficient +PPO steps +reward/);
    expect(second.output.match(/before \(/g)).toHaveLength(3);
    expect(second.progress).not.toMatch(/running/);
    await trainsAJudge(options, document);
    await alignsDirectly({ ...options, method: 'rlcd-direct' }, document);
    await answersWhileItServes({ ...options, exit: false });
  });

  /** The runner hands back what it was doing before the edge goes, so that a later run may take it at once. */
  async function stopsAtWork(options: AlignmentOptions): Promise<void> {
    const stop = new AbortController();
    const ended = demo(options, { signal: stop.signal });
    const log = join(options.data ?? '', 'runner.log');
    const says = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    await expect.poll(says, { timeout: 60_000 }).toContain(': starts');
    stop.abort(new Error('stopped'));
    await expect(ended).rejects.toThrow('aborted');
    expect(says()).toMatch(/: handed-back\n$/);
  }

  /** By the contrast itself, against the answers that the base has given before. */
  async function alignsDirectly(options: AlignmentOptions, before: ResultDocument): Promise<void> {
    const { output } = await demo(options);
    const { result, run } = JSON.parse(output) as ResultDocument;
    expect(result.experiments.map(({ method }) => method)).toEqual(['rlcd-direct', 'base']);
    const [direct] = result.experiments;
    expect(Object.keys(direct?.parameters ?? {})).toEqual([
      'ppo',
      'select',
      'generate',
      'generate-base',
      'judge',
    ]);
    expect(run.experimentIds.base).toBe(before.run.experimentIds.base);
    expect(result.samples).toHaveLength(3);
    const shown = await demo({ ...options, json: false });
    expect(shown.output).toMatch(/RLCD against base +\d+\.\d %/);
    expect(shown.output).not.toContain('Preference model');
  }

  /** The dashboard's "Try", and any client: the command's own runner serves the base and the aligned model. */
  async function answersWhileItServes(options: AlignmentOptions): Promise<void> {
    const stop = new AbortController();
    const serving = Promise.withResolvers<string>();
    const onProgress = (progress: string) => {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(progress)?.[0];
      if (url !== undefined && progress.includes('Serving until Ctrl-C')) serving.resolve(url);
    };
    const began = Date.now();
    const ended = demo(options, { signal: stop.signal, onProgress });
    const url = await Promise.race([serving.promise, ended.then(() => '')]);
    const keysFile = join(options.data ?? '', 'keys.json');
    const { admin } = z.object({ admin: z.string() }).parse(JSON.parse(readFileSync(keysFile, 'utf8')));
    const client = createClient({ baseUrl: url, key: admin });
    await expect
      .poll(async () =>
        (await client.listRunners()).items.some(
          ({ serveUrl, seenAt }) => serveUrl !== null && seenAt > began,
        ),
      )
      .toBe(true);
    const openai = new OpenAI({ apiKey: admin, baseURL: `${url}/v1`, maxRetries: 0 });
    const { data } = await openai.models.list();
    expect(data.map(({ id }) => id)).toContainEqual(expect.stringMatching(/\/adapter$/));
    for (const { id: model } of data) {
      const { usage } = await openai.completions.create({
        model,
        prompt: 'Once upon a time',
        max_tokens: 5,
        seed: 1,
      });
      expect([model, usage?.completion_tokens]).toEqual([model, 5]);
    }
    stop.abort(new Error('stopped'));
    await ended;
  }

  /** In the same folder, which has everything but the judge. */
  async function trainsAJudge(options: AlignmentOptions, before: ResultDocument): Promise<void> {
    const judge = join(folder, 'pairs.jsonl');
    const pairs = Array.from({ length: 110 }, (_, row) => ({
      prompt: `There were ${row} birds in the tree.`,
      chosen: ' They were happy and they sang.',
      rejected: ' They were sad.',
    }));
    const [own = ''] = openings;
    const rows = [
      ...pairs,
      { prompt: `${own} They were in the dev.`, chosen: ' They sang.', rejected: ' They cried.' },
    ];
    writeFileSync(judge, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const first = await demo({ ...options, judge });
    expect(first.progress).toMatch(/Left out of the judge's: 1 of prompts of this run/);
    expect(first.progress).toMatch(/Judge: trained on 110 of 110 pairs[^]*train-judge: succeeded 100 %/);
    const { result, run } = JSON.parse(first.output) as ResultDocument;
    expect(result.experiments.map(({ method }) => method)).toEqual([
      'rlcd',
      'base',
      'human-preference-model',
    ]);
    expect(Object.keys(run.stageSeconds)[0]).toBe('train-judge');
    const [rlcd, , trained] = result.experiments;
    const [preferenceModel] = trained?.artifacts ?? [];
    expect(result.judge).toMatchObject({ artifact: preferenceModel?.sha256, trainPairs: 93 });
    expect(result.judge?.heldOut).toMatchObject({ n: 17, interval: { confidence: 0.95 } });
    expect(result.judge?.correctedWinRate).toMatchObject({ interval: { confidence: 0.95 } });
    expect(trained?.results['train-preference-model']).toMatchObject([{ humanPairs: 110, droppedPairs: 0 }]);
    const name = `preference-model-${preferenceModel?.sha256.slice(0, 12)}`;
    expect(rlcd?.results['judge']).toMatchObject([
      { judgements: [{ judge: name }, { judge: 'sentiment', n: 8 }] },
    ]);
    expect(result.samples.map(({ judge: by }) => by)).toEqual([name, name, name]);
    // The policy is the one of before: the judge has no part in it.
    const policies = ({ experiments: [one] }: ResultDocument['result']) =>
      one?.artifacts.filter(({ stage }) => stage === 'ppo');
    expect(policies(result)).toEqual(policies(before.result));

    const columns = 60;
    const second = await demo({ ...options, judge, json: false }, { columns });
    showsNarrow(second.output, columns, result);
    expect(second.output.replaceAll(/\s+/g, ' ')).toMatch(
      /by a judge trained on 93 pairs of people, which no training step of the policy saw[^]*prefers what people chose in \S+ % \[.*\] of 17 pairs that it was not trained on, where length alone would reach \S+ %[^]*people would prefer RLCD in \S+ %[^]*by the judge "sentiment"/,
    );
    expect(second.progress).toContain(run.experimentIds.rlcd);
    expect(second.progress).toMatch(/Judge: trained before, on 110 of 110 pairs/);
    expect(second.progress).not.toMatch(/running/);
  }

  /** No line is wider than the terminal but the hash, and no word of a story is broken. */
  function showsNarrow(output: string, columns: number, { samples }: ResultDocument['result']): void {
    const lines = output.split('\n').filter((line) => !/^[0-9a-f]{64}$/.test(line));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    const words = new Set(output.split(/\s+/));
    for (const { prompt, first, second } of samples) {
      for (const word of `${prompt} ${first} ${second}`.trim().split(/\s+/)) expect(words).toContain(word);
    }
  }

  it('is stopped by a signal before it has begun, and leaves no process', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const options = {
      host: 'node',
      method: 'rlcd',
      scale: 'small',
      seed: 1,
      model: 'bundled',
      prompts: undefined,
      principle: 'kind-stories',
      data: join(folder, 'stopped'),
      port: 0,
      exit: true,
      json: true,
      yes: true,
    } as const;
    await expect(demo(options, { signal: stop.signal })).rejects.toThrow('stopped');
  });
});
