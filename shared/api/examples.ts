/** One request of every operation that works as it stands, once what it names is there; shown in the reference. */
import { z } from 'zod';
import type { AnyInput } from './client.ts';
import { contract, type OperationId } from './contract.ts';
import type { Endpoint } from './endpoint.ts';

const ID = '019ab0e7-6c00-7000-8000-000000000000';
const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const UUID = '5f9c1c9e-7a53-4f0e-8f1a-0a54a0f0a001';

/** Queries that must be given, and bodies. */
const GIVEN: { readonly [Id in OperationId]?: Pick<AnyInput, 'query' | 'body'> } = {
  putArtifact: { query: { kind: 'adapter' } },
  createUpload: { body: { sha256: SHA256, bytes: 104_857_600, kind: 'adapter' } },
  createBaseModel: {
    body: {
      name: 'small',
      source: 'owner/name',
      weightsSha256: SHA256,
      parameterCount: 135_000_000,
      contextLength: 2048,
    },
  },
  labelBlindPair: { body: { candidateId: `${ID}:0:0`, label: 'a' } },
  createChatCompletion: {
    body: { model: 'small', messages: [{ role: 'user', content: 'What do foxes eat?' }], temperature: 0.7 },
  },
  createCompletion: { body: { model: 'small', prompt: 'Once upon a time', max_tokens: 60 } },
  measureLikelihood: { body: { model: 'small', prompt: 'Once upon a time', answer: ' there was a fox.' } },
  createExperiment: {
    body: {
      method: 'rlcd',
      principle: { name: 'kind-stories', version: 1 },
      promptSet: 'openings',
      baseModel: 'small',
      seed: 1,
    },
  },
  exportAdapter: { query: { to: 'peft' } },
  createKey: { body: { name: 'laptop', scopes: ['client'] } },
  getCurve: { query: { name: 'objective/kl' } },
  createPrincipleVersion: {
    body: {
      description: 'Stories end kindly',
      form: 'prefix',
      affixPairs: [{ positive: 'A kind story:\n', negative: 'A mean story:\n' }],
    },
  },
  comparePrincipleVersions: { query: { from: '1', to: 'production' } },
  movePrincipleLabel: { body: { version: 2 } },
  createPromptSet: { query: { name: 'openings', rule: 'hash', train: '0.7', dev: '0.1', test: '0.2' } },
  planMemory: {
    body: {
      device: 'cuda',
      model: {
        vocabularySize: 32_000,
        hiddenSize: 4096,
        intermediateSize: 11_008,
        layers: 32,
        heads: 32,
        keyValueHeads: 32,
        headSize: 128,
        tiedEmbedding: false,
      },
      workload: { sampleRows: 64, promptTokens: 256, newTokens: 300, trainRows: 4, trainGroups: 2, rank: 8 },
      memoryBytes: 80e9,
    },
  },
  moveScorerLabel: { body: { scorer: ID } },
  score: { body: { principle: 'kind-stories', texts: ['The fox gave the hat back.'] } },
  scoreCompare: {
    body: { principle: 'kind-stories', first: 'The fox gave the hat back.', second: 'The fox ran away.' },
  },
  scoreBestOf: {
    body: { principle: 'kind-stories', responses: ['The fox gave the hat back.', 'The fox ran away.'] },
  },
  claimTask: {
    body: {
      claimId: UUID,
      runner: { id: UUID, name: 'workshop', engineVersion: '10', device: { cores: 8 } },
    },
  },
  reportTask: {
    body: {
      epoch: 1,
      sequence: 1,
      progress: { done: 12, total: 40, unit: 'steps' },
      metrics: [{ name: 'objective/kl', step: 12, value: 1.4 }],
    },
  },
  checkpointTask: { body: { epoch: 1, sha256: SHA256, step: 12 } },
  completeTask: {
    body: { epoch: 1, outputs: [{ name: 'adapter', sha256: SHA256 }], result: { steps: 40 } },
  },
  failTask: {
    body: { epoch: 1, reason: { code: 'out-of-memory', message: 'The device is full' }, retryable: false },
  },
};

/** The first example of a parameter's form; empty where it has none. */
function parameterExample(form: z.core.$ZodType): string {
  const [example = ''] = z.array(z.string()).catch([]).parse(z.globalRegistry.get(form)?.['examples']);
  return example;
}

/** @returns the parts that the operation takes; bytes have none */
export function exampleOf(operation: OperationId): AnyInput {
  const { parameters }: Endpoint = contract[operation];
  const named = Object.entries(parameters?.shape ?? {}).map(([name, form]) => [name, parameterExample(form)]);
  return { ...(parameters && { parameters: Object.fromEntries(named) }), ...GIVEN[operation] };
}
