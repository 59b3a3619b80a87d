/** The contract of scorers: edge-sized students of preference models, and the scores they give. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, identifier, instant, labelMove, name } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sha256 } from './sha256.ts';

/** Any text that JSON carries: a response may hold what no principle may. */
const scoredText = z.string().max(100_000);
const response = scoredText.min(1);
const MAXIMUM_TEXTS = 64;

const scorer = z
  .object({
    id: identifier.describe('Its id'),
    principle: z
      .object({
        name: name.describe('Name of the principle'),
        version: z.int().describe('Number of the version'),
      })
      .describe('The principle that it scores by'),
    sha256: sha256.describe('Of its file, an ONNX model; GET it as an artifact'),
    preferenceModelSha256: sha256.describe('The preference model that taught it'),
    labels: z.array(z.string()).describe('Labels that point at it'),
    labelMoves: z.array(labelMove).describe('Of each of these labels, who moved it there, and when'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: creator.describe(
      'The key that asked for the experiment which taught it; null where that is not known',
    ),
  })
  .meta({ id: 'Scorer', description: 'An edge-sized student of a preference model' });

/** Which scorer: one by its id, or the one that a label of the principle points at. */
const choice = {
  principle: name.describe('The principle that the texts are held against'),
  scorer: identifier.optional().describe('The scorer, by its id; left out: the one that `label` points at'),
  label: name.default('production').describe('A label of the principle that points at a scorer'),
};
const prompt = scoredText.default('');

const score = z
  .object({
    score: z.number().describe("In the scorer's own unit: only differences mean something"),
    probability: z.number().describe('That the text is better than one that the base model itself writes'),
    warnings: z
      .array(z.string())
      .describe(
        'Why the score may mean little; empty where the text is of the kind that the scorer was trained ' +
          'on',
      ),
  })
  .meta({ id: 'Score', description: 'What a scorer says of a text' });

const principleName = z.strictObject({ principleName: name.describe('Name of the principle') });
const scorerLabel = name.regex(/^[a-z]/, 'must start with a letter').meta({ examples: ['production'] });

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
    parameters: principleName.extend({
      scorerLabel: scorerLabel.describe('The label, such as `production`'),
    }),
    body: z.strictObject({ scorer: identifier.describe('The scorer, by its id') }),
    refuses: ['artifact-damaged', 'conflict', 'not-found'],
    status: 200,
    response: z.object({
      principle: name.describe('Name of the principle'),
      label: name.describe("The label's name"),
      scorer: identifier.describe('The scorer, by its id'),
      movedAt: instant.describe('When the label was moved there: milliseconds since the epoch, UTC'),
    }),
  },
  deleteScorerLabel: {
    method: 'delete',
    path: '/v1/principles/{principleName}/scorer-labels/{scorerLabel}',
    tag: 'scorers',
    summary: 'Delete a label of scorers; the scorer stays',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({
      scorerLabel: scorerLabel.describe('The label, such as `production`'),
    }),
    refuses: ['not-found'],
    status: 204,
  },
  deleteScorer: {
    method: 'delete',
    path: '/v1/scorers/{scorerId}',
    tag: 'scorers',
    summary: 'Delete a scorer that no label points at, once the experiment that made it is deleted',
    scopes: ['admin', 'client'],
    parameters: z.strictObject({ scorerId: identifier.describe('The scorer, by its id') }),
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
  score: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/score',
    tag: 'scorers',
    summary: 'Score texts, or responses to a prompt, by how well they follow the principle',
    scopes: ['admin', 'client'],
    body: z.strictObject({
      ...choice,
      prompt: prompt.describe('The prompt that the texts answer; empty for texts that stand alone'),
      texts: z.array(response).min(1).max(MAXIMUM_TEXTS).describe('The texts'),
    }),
    maximumBytes: 8 * 1024 * 1024,
    refuses: ['artifact-damaged', 'conflict', 'not-found'],
    status: 200,
    response: z.object({ scorer, scores: z.array(score).describe('One for each text, in order') }),
  },
  scoreCompare: {
    method: 'post',
    unrecorded: 'changes nothing',
    path: '/v1/score/compare',
    tag: 'scorers',
    summary: 'Say which of two responses follows the principle better',
    scopes: ['admin', 'client'],
    body: z.strictObject({
      ...choice,
      prompt: prompt.describe('The prompt that the texts answer; empty for texts that stand alone'),
      first: response.describe('The first response'),
      second: response.describe('The second response'),
    }),
    refuses: ['artifact-damaged', 'conflict', 'not-found'],
    status: 200,
    response: z.object({
      scorer,
      probability: z.number().describe('That the first is the better one'),
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
    body: z.strictObject({
      ...choice,
      prompt: prompt.describe('The prompt that the texts answer; empty for texts that stand alone'),
      responses: z.array(response).min(2).max(MAXIMUM_TEXTS).describe('The responses to choose from'),
    }),
    maximumBytes: 8 * 1024 * 1024,
    refuses: ['artifact-damaged', 'conflict', 'not-found'],
    status: 200,
    response: z.object({
      scorer,
      best: z.int().nonnegative().describe('Place of the best response; of equal ones the first'),
      scores: z.array(score).describe('One for each text, in order'),
    }),
  },
});
