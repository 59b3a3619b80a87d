/** The contract of the audit log: who did what to which object, when and from where. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant, text } from './fields.ts';
import { page, pageQuery } from './page.ts';

export const auditRecord = z
  .object({
    id: identifier,
    /** As it was called then; `bootstrap` is the key of the edge's environment. */
    key: z.object({ id: z.string(), name: z.string() }),
    /** The operation's id in this document: `createExperiment`. */
    action: z.string(),
    /** What the path names, or what was made: `experiments/019ab0e7-...`, `principles/kind-stories`. */
    object: z.string(),
    /** The client's network address. */
    address: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'AuditRecord' });

const time = z.coerce
  .number()
  .int()
  .min(0)
  .max(2 ** 48);
const filters = {
  /** A key's id. */
  key: text(100)
    .meta({ examples: ['bootstrap'] })
    .optional(),
  object: text(400)
    .meta({ examples: ['principles/kind-stories'] })
    .optional(),
  action: z
    .string()
    .regex(/^[A-Za-z]{1,100}$/, 'must be the id of an operation')
    .meta({ examples: ['createExperiment'] })
    .optional(),
  /** Milliseconds since the epoch: from then on. */
  from: time.meta({ examples: [0] }).optional(),
  /** Up to then, and not then itself. */
  to: time.meta({ examples: [4_000_000_000_000] }).optional(),
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
