/** The contract of the audit log: who did what to which object, when and from where. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant, text } from './fields.ts';
import { page, pageQuery } from './page.ts';

/** The action of a record that the edge makes where a lease ends without a word of its holder. */
export const LOST_LEASE = 'loseLease';

export const auditRecord = z
  .object({
    id: identifier.describe('Its id'),
    key: z
      .object({
        id: z.string().describe('Id of the key; `bootstrap` is the key of the environment'),
        name: z.string().describe('Name of the key'),
      })
      .describe("As it was called then; `bootstrap` is the key of the edge's environment"),
    action: z
      .string()
      .describe(
        "The operation's id in this document: `createExperiment`; `loseLease` where a runner was silent for so long, or " +
          'started again, that its task was taken from it',
      ),
    object: z
      .string()
      .describe(
        'What the path names, or what was made: `experiments/019ab0e7-...`, `principles/kind-stories`',
      ),
    address: z
      .string()
      .describe("The client's network address; empty where the edge took a lease back by itself"),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
  })
  .meta({ id: 'AuditRecord', description: 'Who changed what, when and from where' });

const time = z.coerce
  .number()
  .int()
  .min(0)
  .max(2 ** 48);
const filters = {
  key: text(100)
    .meta({ examples: ['bootstrap'] })
    .optional()
    .describe("A key's id"),
  object: text(400)
    .meta({ examples: ['principles/kind-stories'] })
    .optional()
    .describe('What was changed, such as `principles/kind-stories`'),
  action: z
    .string()
    .regex(/^[A-Za-z]{1,100}$/, 'must be the id of an operation')
    .meta({ examples: ['createExperiment'] })
    .optional()
    .describe("The operation's id, such as `createExperiment`, or `loseLease`"),
  from: time
    .meta({ examples: [0] })
    .optional()
    .describe('Milliseconds since the epoch: from then on'),
  to: time
    .meta({ examples: [4_000_000_000_000] })
    .optional()
    .describe('Up to then, and not then itself'),
};

export const auditEndpoints = defineEndpoints({
  listAuditRecords: {
    method: 'get',
    path: '/v1/audit',
    tag: 'audit',
    summary: 'List who changed what, the newest first; kept for a year',
    scopes: ['admin'],
    query: pageQuery(filters),
    status: 200,
    response: page(auditRecord),
  },
  exportAuditRecords: {
    method: 'get',
    path: '/v1/audit.jsonl',
    tag: 'audit',
    summary: 'Get the records as JSON lines, the newest first',
    scopes: ['admin'],
    query: z.strictObject(filters),
    status: 200,
    response: { mediaType: 'application/jsonl' },
  },
});
