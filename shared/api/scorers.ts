/** The contract of scorers: edge-sized students of preference models, and the scores they give. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant, name } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sha256 } from './sha256.ts';

/** Any text that JSON carries: a response may hold what no principle may. */
const scoredText = z.string().max(100_000);
const response = scoredText.min(1);
const MAXIMUM_TEXTS = 64;

const scorer = z
  .object({
    id: identifier,
    principle: z.object({ name, version: z.int() }),
    /** Of its file, an ONNX model; GET it as an artifact. */
    sha256,
    /** The preference model that taught it. */
    preferenceModelSha256: sha256,
    labels: z.array(z.string()),
    createdAt: instant,
  })
  .meta({ id: 'Scorer' });

/** Which scorer: one by its id, or the one that a label of the principle points at. */
const choice = {
  principle: name,
  /** Left out: `label`. */
  scorer: identifier.optional(),
  label: name.default('production'),
};
const prompt = scoredText.default('');

const score = z.object({
  /** In the scorer's own unit: only differences mean something. */
  score: z.number(),
  /** That the text is better than one that the base model itself writes. */
  probability: z.number(),
  /** Why the score may mean little; empty where the text is of the kind that the scorer was trained on. */
  warnings: z.array(z.string()),
});

const principleName = z.strictObject({ principleName: name });
const scorerLabel = name.regex(/^[a-z]/, 'must start with a letter');

export const scorerEndpoints = defineEndpoints({
  listScorers: {
    method: 'get',
    path: '/v1/scorers',
    tag: 'scorers',
    summary: 'List scorers, the newest first',
    scopes: ['admin', 'client'],
    query: pageQuery({}),
    status: 200,
    response: page(scorer),
  },
  moveScorerLabel: {
    method: 'put',
    path: '/v1/principles/{principleName}/scorer-labels/{scorerLabel}',
    tag: 'scorers',
    summary: 'Point a label at a scorer of the principle',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({ scorerLabel }),
    body: z.strictObject({ scorer: identifier }),
    status: 200,
    response: z.object({ principle: name, label: name, scorer: identifier, movedAt: instant }),
  },
  deleteScorerLabel: {
    method: 'delete',
    path: '/v1/principles/{principleName}/scorer-labels/{scorerLabel}',
    tag: 'scorers',
    summary: 'Delete a label of scorers; the scorer stays',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({ scorerLabel }),
    status: 204,
  },
  deleteScorer: {
    method: 'delete',
    path: '/v1/scorers/{scorerId}',
    tag: 'scorers',
    summary: 'Delete a scorer that no label points at, once the experiment that made it is deleted',
    scopes: ['admin', 'client'],
    parameters: z.strictObject({ scorerId: identifier }),
    status: 204,
  },
  score: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/score',
    tag: 'scorers',
    summary: 'Score texts, or responses to a prompt, by how well they follow the principle',
    scopes: ['admin', 'client'],
    body: z.strictObject({ ...choice, prompt, texts: z.array(response).min(1).max(MAXIMUM_TEXTS) }),
    maximumBytes: 8 * 1024 * 1024,
    status: 200,
    response: z.object({ scorer, scores: z.array(score) }),
  },
  scoreCompare: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/score/compare',
    tag: 'scorers',
    summary: 'Say which of two responses follows the principle better',
    scopes: ['admin', 'client'],
    body: z.strictObject({ ...choice, prompt, first: response, second: response }),
    status: 200,
    response: z.object({
      scorer,
      /** That the first is the better one. */
      probability: z.number(),
      first: score,
      second: score,
    }),
  },
  scoreBestOf: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/score/best-of',
    tag: 'scorers',
    summary: 'Choose the response that follows the principle best',
    scopes: ['admin', 'client'],
    body: z.strictObject({ ...choice, prompt, responses: z.array(response).min(2).max(MAXIMUM_TEXTS) }),
    maximumBytes: 8 * 1024 * 1024,
    status: 200,
    response: z.object({
      scorer,
      /** Place of the best response; of equal ones the first. */
      best: z.int().nonnegative(),
      scores: z.array(score),
    }),
  },
});
