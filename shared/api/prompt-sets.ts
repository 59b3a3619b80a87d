/** The contract of prompt sets: JSON lines in, split by a rule, counted; prompts by page. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, identifier, instant, name } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sha256 } from './sha256.ts';
import { SPLITS } from './words.ts';

const count = z.int().nonnegative();

const promptSetCounts = z
  .object({
    train: count.describe('Prompts to train on'),
    dev: count.describe('Prompts to choose by'),
    test: count.describe('Prompts to compare on'),
    leftOut: count.describe('Rows outside every range of the rule `rows`'),
    duplicates: count.describe('Rows whose prompt, to the byte, an earlier row of the set has'),
    trainTestOverlap: count.describe(
      'Different prompts that stand both in train and in test, or in train and in dev',
    ),
    trainDevOverlap: count.describe('Different prompts that stand both in train and in dev'),
    unpaired: count.describe(
      'Dialogue rows whose two sides part before the last turn: a prompt without a pair of responses',
    ),
    unusable: z
      .record(z.string(), count)
      .optional()
      .describe(
        'Rows without use, by reason: `empty`, `too-long`, `no-assistant-turn`, `no-user-turn`, ' +
          '`not-text`',
      ),
  })
  .meta({ id: 'PromptSetCounts', description: 'What an upload held' });
export type PromptSetCounts = z.infer<typeof promptSetCounts>;

const share = z.string().regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'must be a share of 0 to 1');
/** Rows are counted from 0; `start-end` leaves out the end, `start-` has none. */
const range = z
  .string()
  .regex(/^\d{1,9}-(\d{1,9})?$/, 'must be a range of rows: 0-1000, or 1000- to the last');

/**
 * How rows are split: `field`: each row has a field `split`; `hash`: by shares, by the hash of the prompt, so that
 * equal prompts meet in one split; `rows`: by ranges of row numbers, as the paper splits Anthropic HH.
 */
const splitRule = z.enum(['field', 'hash', 'rows']);
const partOfRule = z.union([share, range]);

/** The rule as the request gave it. */
const splitRuleRecord = z
  .strictObject({
    rule: splitRule.describe('How the rows are split: by their field `split`, by hash, or by ranges of rows'),
    train: partOfRule
      .optional()
      .describe('Share (`0.7`) or range of rows (`0-1000`) that trains; as the rule says'),
    dev: partOfRule.optional().describe('Share or range of rows to choose by'),
    test: partOfRule.optional().describe('Share or range of rows to compare on'),
  })
  .meta({ id: 'SplitRule', description: 'How rows are split, as the request said it' });
export type SplitRuleRecord = z.infer<typeof splitRuleRecord>;

const promptSet = z
  .object({
    id: identifier.describe('Its id'),
    name: name.describe('Name of the prompt set'),
    splitRule: splitRuleRecord,
    counts: promptSetCounts,
    contentSha256: sha256.describe('Of the uploaded bytes'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: creator,
  })
  .meta({ id: 'PromptSet', description: 'Prompts, each in train, dev or test' });

const prompt = z
  .object({
    id: z.string().describe("As it stands in tasks and samples: the row's number in the upload, from 0"),
    split: z.enum(SPLITS).describe('In which split it stands'),
    prompt: z.string().describe('The prompt'),
    turns: z
      .array(
        z.object({
          role: z.enum(['system', 'user', 'assistant']).describe('Who says it'),
          text: z.string().describe('What is said'),
        }),
      )
      .nullable()
      .readonly()
      .describe('Its turns, where the text alone would be read as others; else null'),
    chosen: z
      .string()
      .nullable()
      .describe('What people preferred and rejected, where the upload had it (HH form)'),
    rejected: z.string().nullable().describe('The response that is taken for the worse one'),
    aside: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('Columns of the upload that say nothing about the prompt'),
  })
  .meta({ id: 'Prompt', description: 'A prompt of a set' });

/** A JSON body; the readers of files take it apart. */
const promptRows = z
  .array(z.record(z.string(), z.unknown()))
  .describe(
    'Rows of a prompt, messages, conversations, instruction, pair or HH dialogue, as docs/prompts.md tells',
  )
  .meta({ examples: [[{ prompt: 'Once upon a time a fox found a hat.', split: 'train' }]] });

const promptSetId = z.strictObject({ promptSetId: identifier.describe('The prompt set, by its id') });

export const promptSetEndpoints = defineEndpoints({
  createPromptSet: {
    method: 'post',
    path: '/v1/prompt-sets',
    tag: 'prompt sets',
    summary:
      'Upload prompts as JSON lines, a JSON array, CSV or text, also as gzip: {prompt}, {messages}, {conversations}, {instruction, input}, pairs or HH dialogues; a wrong row refuses them all',
    scopes: ['admin', 'client'],
    query: splitRuleRecord.extend({
      name: name.describe('Name of the prompt set'),
      promptColumn: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ examples: ['prompt'] })
        .describe('The column that holds the prompt, where its name does not tell'),
    }),
    /** text/plain: one prompt a line, or stories with <|endoftext|> between them. */
    body: {
      mediaType: 'application/jsonl',
      otherTypes: [
        'application/x-ndjson',
        'application/json',
        'text/csv',
        'text/tab-separated-values',
        'text/plain',
      ],
      forms: { 'application/json': promptRows },
    },
    maximumBytes: 512 * 1024 * 1024,
    status: 201,
    response: promptSet,
    creates: true,
  },
  listPromptSets: {
    method: 'get',
    path: '/v1/prompt-sets',
    tag: 'prompt sets',
    summary: 'List prompt sets, the newest first',
    scopes: ['admin', 'client'],
    query: pageQuery({}),
    status: 200,
    response: page(promptSet),
  },
  getPromptSet: {
    method: 'get',
    path: '/v1/prompt-sets/{promptSetId}',
    tag: 'prompt sets',
    summary: 'Get a prompt set with its counts',
    scopes: ['admin', 'client'],
    parameters: promptSetId,
    refuses: ['not-found'],
    status: 200,
    response: promptSet,
  },
  listPrompts: {
    method: 'get',
    path: '/v1/prompt-sets/{promptSetId}/prompts',
    tag: 'prompt sets',
    summary: 'List the prompts of a set in the order of the upload',
    scopes: ['admin', 'client'],
    parameters: promptSetId,
    query: pageQuery({ split: z.enum(SPLITS).optional().describe('Only prompts of this split') }),
    refuses: ['not-found'],
    status: 200,
    response: page(prompt),
  },
  deletePromptSet: {
    method: 'delete',
    path: '/v1/prompt-sets/{promptSetId}',
    tag: 'prompt sets',
    summary: 'Delete a prompt set that no experiment uses',
    scopes: ['admin', 'client'],
    parameters: promptSetId,
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
});
