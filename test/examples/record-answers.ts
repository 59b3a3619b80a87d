/** The answers of a filled edge, one for every operation that answers JSON: what the reference shows. */
import { Buffer } from 'node:buffer';
import path from 'node:path';
import type { z } from 'zod';
import type { LaunchPolicy } from '../../edge/orchestration/launch/launcher.ts';
import type { AnyInput, Client } from '../../shared/api/client.ts';
import { contract, type OperationId } from '../../shared/api/contract.ts';
import { isBytes, type Endpoint } from '../../shared/api/endpoint.ts';
import { exampleOf } from '../../shared/api/examples.ts';
import { SESSION_HEADER } from '../../shared/api/sessions.ts';
import { startServingRunner } from '../edge/fuzzing/serving-runner.ts';
import { createHarness, ORIGIN, type Harness } from '../edge/harness.ts';
import { openNodeStore } from '../edge/node-store.ts';
import { TestRunner } from '../edge/runner.ts';
import { madeScorer } from '../edge/scoring/made-scorer.ts';
import { publishScorer } from '../edge/scoring/publish-scorer.ts';
import { BASE_MODEL, EXPERIMENT, PRINCIPLE, putArtifact, sha256Of } from '../edge/seed.ts';
import { populate } from '../edge/store/populate.ts';
import { asExample } from './as-example.ts';

/** The form of an operation's JSON answer; undefined where it answers none. */
export function jsonForm(operation: OperationId): z.ZodType | undefined {
  const { response }: Endpoint = contract[operation];
  return response && isBytes(response) ? response.forms?.['application/json'] : response;
}

const LAUNCH: LaunchPolicy = {
  launcher: { name: 'webhook', launch: async () => ({ outcome: 'launched', reason: 'asked' }) },
  maximumRunners: 4,
  coolDownMilliseconds: 0,
  startMilliseconds: 60_000,
};

/** An operation that is called with whatever it takes. */
type AnyCall = (input?: AnyInput) => Promise<unknown>;

class Answers {
  readonly #answers = new Map<string, unknown>();

  /** The same client; the first answer of each operation is kept. */
  watch(client: Client): Client {
    const calls = Object.entries(client).map(([operation, call]) => [
      operation,
      async (...given: Parameters<AnyCall>) => {
        const answer = await (call as AnyCall)(...given);
        if (!this.#answers.has(operation)) this.keep(operation, answer);
        return answer;
      },
    ]);
    return Object.fromEntries(calls) as Client;
  }

  keep(operation: string, answer: unknown): void {
    this.#answers.set(operation, answer);
  }

  /** @throws Error naming what was never answered */
  all(): Record<string, unknown> {
    const wanted = (Object.keys(contract) as OperationId[]).filter((id) => jsonForm(id));
    const missing = wanted.filter((id) => !this.#answers.has(id));
    if (missing.length > 0)
      throw new Error(`no answer of ${missing.join(', ')}: call it in record-answers.ts`);
    return asExample(Object.fromEntries(wanted.map((id) => [id, this.#answers.get(id)])));
  }
}

/** @param folder an empty folder @returns the answer of each operation, the same each time */
export async function recordAnswers(folder: string): Promise<Record<string, unknown>> {
  const answers = new Answers();
  const bare = await createHarness(async () => ({ ...openNodeStore(folder), launch: LAUNCH }));
  const { admin, client, runner } = bare.clients;
  const clients = {
    admin: answers.watch(admin),
    client: answers.watch(client),
    runner: answers.watch(runner),
  };
  const harness = { ...bare, clients };
  await makeRest(harness);
  const parameters = await populate(harness);
  await runTask(harness, parameters['experimentId'] ?? '');
  await score(harness);
  await readAll(answers, harness, parameters);
  await complete(answers, harness, folder);
  return answers.all();
}

/** What the filled store of other tests does not make over the API. */
async function makeRest({ clients: { admin, client } }: Harness): Promise<void> {
  const rows = ['train', 'dev', 'test'].map((split) => ({
    prompt: `Once upon a time a ${split} came.`,
    split,
  }));
  await client.createPromptSet({
    query: { name: 'three-openings', rule: 'field' },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  const { id: keyId } = await admin.createKey({ body: { name: 'laptop', scopes: ['client'] } });
  await admin.rotateKey({ parameters: { keyId } });
  await client.createSession({}, { headers: { [SESSION_HEADER]: '1', origin: ORIGIN } });
  const [whole, piece] = ['a report', 'a report in parts'];
  await client.putArtifact({
    parameters: { sha256: sha256Of(whole) },
    query: { kind: 'report' },
    body: whole,
  });
  const body = { sha256: sha256Of(piece), bytes: Buffer.byteLength(piece), kind: 'report' as const };
  const { id: uploadId } = await client.createUpload({ body });
  await client.putUploadPart({ parameters: { uploadId, partNumber: '1' }, body: piece });
  await client.completeUpload({ parameters: { uploadId } });
  const { body: plan } = exampleOf('planMemory');
  await (client.planMemory as AnyCall)({ body: plan });
}

/** A task's life under a lease, and an experiment that is cancelled. */
async function runTask(harness: Harness, experimentId: string): Promise<void> {
  const { admin, client, runner } = harness.clients;
  const parameters = { principleName: PRINCIPLE, principleLabel: 'production' };
  await client.movePrincipleLabel({ parameters, body: { version: 2 } });
  await client.compareExperiments({ parameters: { experimentId, otherExperimentId: experimentId } });
  const { id } = await client.createExperiment({ body: { ...EXPERIMENT, seed: 9 } });
  await admin.launchRunner();
  const working = new TestRunner(harness);
  const task = await working.claim();
  if (!task) throw new Error('no task waits');
  await working.report(task, 1, [{ name: 'objective/kl', step: 1, value: 0.25 }]);
  const sha256 = await putArtifact(harness, 'a checkpoint', 'checkpoint', task.id);
  const checkpoint = { epoch: task.epoch, sha256, step: 1 };
  await runner.checkpointTask({ parameters: { taskId: task.id }, body: checkpoint });
  await working.fail(task, 'out-of-memory', true);
  await client.cancelExperiment({ parameters: { experimentId: id } });
}

async function score(harness: Harness): Promise<void> {
  await publishScorer(harness, madeScorer({ hugged: 100, yelled: -100 }), 21);
  const { client } = harness.clients;
  const { items } = await client.listScorers();
  const parameters = { principleName: PRINCIPLE, scorerLabel: 'production' };
  await client.moveScorerLabel({ parameters, body: { scorer: items[0]?.id ?? '' } });
  const principle = PRINCIPLE;
  await client.score({ body: { principle, texts: ['They hugged.'] } });
  await client.scoreCompare({ body: { principle, first: 'They hugged.', second: 'They yelled.' } });
  await client.scoreBestOf({ body: { principle, responses: ['They hugged.', 'They yelled.'] } });
}

/** Every GET once more, of what is there now. */
async function readAll(
  answers: Answers,
  harness: Harness,
  parameters: Record<string, string>,
): Promise<void> {
  for (const [operation, endpoint] of Object.entries<Endpoint>(contract)) {
    const form = jsonForm(operation as OperationId);
    if (endpoint.method !== 'get' || !form) continue;
    const [scope = 'client'] = endpoint.scopes;
    const names = Object.keys(endpoint.parameters?.shape ?? {});
    const given = {
      parameters: Object.fromEntries(names.map((name) => [name, parameters[name] ?? ''])),
      query: exampleOf(operation as OperationId).query ?? {},
    };
    const call = harness.clients[scope][operation as OperationId] as AnyCall;
    answers.keep(operation, await call(given));
  }
}

/** Answers of models, by the clock of the machine, which signatures are held to. */
async function complete(answers: Answers, harness: Harness, folder: string): Promise<void> {
  const { clients, secrets, advance, dependencies } = harness;
  advance(Date.now() - dependencies.clock());
  const serving = await startServingRunner(clients.runner, secrets.runner, path.join(folder, 'served'));
  try {
    const model = BASE_MODEL;
    const chat = { model, messages: [{ role: 'user' as const, content: 'What do foxes eat?' }] };
    const whole = await clients.client.createChatCompletion({ body: { ...chat, logprobs: true } });
    answers.keep('createChatCompletion', await whole.json());
    const text = { model, prompt: 'Once upon a time', max_tokens: 1, logprobs: 0 as const };
    answers.keep('createCompletion', await (await clients.client.createCompletion({ body: text })).json());
    const read = await clients.client.measureLikelihood({
      body: { model, prompt: 'Once upon a time', answer: ' there was a fox.' },
    });
    answers.keep('measureLikelihood', await read.json());
  } finally {
    await serving.close();
  }
}
