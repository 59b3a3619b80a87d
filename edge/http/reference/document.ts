/** The OpenAPI document of the contract, and the parts of it that the reference page reads. */
import { z } from 'zod';
import { contract } from '../../../shared/api/contract.ts';
import { LIVE_EVENTS } from '../../../shared/api/live-events.ts';
import type { App } from '../register.ts';

/** What each group of operations is for. */
const TAGS: Readonly<Record<string, string>> = {
  artifacts: 'Bytes under their own hash: adapters, prompts, checkpoints, results',
  audit: 'Who changed what, when and from where',
  'base models': 'What experiments start from',
  comparisons: 'What judges and people said of two responses, and blind labelling',
  models: 'Models that runners serve, in the form of the OpenAI API',
  events: 'What happens, live, as server-sent events that nothing is missing from',
  experiments: 'A method, a principle, prompts, a base model and a seed become stages and tasks',
  health: 'Whether the edge answers',
  keys: 'API keys and what they may do',
  'preference pairs': 'The pairs that experiments make and learn from',
  metrics: 'Curves and samples of running tasks, and figures of the edge',
  principles: 'What models are aligned to, in versions that never change',
  'prompt sets': 'Prompts, each in train, dev or test',
  runners: 'The programs that do the work, and how they are brought up',
  scorers: 'Small students of preference models that score texts at the edge',
  tasks: 'Leased units of work: claim, report, checkpoint, complete',
};

export function documentOf(app: App) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key made by createKey, or the bootstrap key',
  });
  // Nothing refers to it but the form of a message's data, which is a string.
  const liveEvent = z.discriminatedUnion('event', LIVE_EVENTS);
  app.openAPIRegistry.register('LiveEvent', liveEvent.describe('What happened, by its `event`'));
  const tags = [...new Set(Object.values(contract).map(({ tag }) => tag))];
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'RLCD',
      version: '1',
      description: 'Align a language model to a principle in plain words.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name, description: TAGS[name] ?? name })),
  });
}

/** A JSON schema, as far as the page shows it. */
export interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly allOf?: readonly Schema[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
}

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    default: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    items: schema.optional(),
    anyOf: z.array(schema).optional(),
    oneOf: z.array(schema).optional(),
    allOf: z.array(schema).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
  }),
);

const content = z
  .record(z.string(), z.object({ schema: schema.optional(), example: z.unknown().optional() }))
  .optional();

const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  tags: z.array(z.string()),
  security: z.array(z.object({ key: z.array(z.string()) })),
  parameters: z
    .array(z.object({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema }))
    .default([]),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content })),
  'x-codeSamples': z.array(z.object({ label: z.string(), source: z.string() })),
});
export type Operation = z.output<typeof operation>;

/** What the page is made of. */
export const pageDocument = z.object({
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
});
