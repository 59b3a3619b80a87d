/** The contract of principles: immutable versions, movable labels, and the difference of two versions. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, instant, name, positiveInteger, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { placement, principleForm } from './tasks/settings.ts';

/**
 * The two affixes that make the sides of a contrast, and how a model is asked about two responses: the instruction of
 * an A/B question in the dialogue form, an affirming text in the prefix form. The methods that label pairs need it.
 */
const affixPair = z.strictObject({
  positive: text(2000),
  negative: text(2000),
  scoringInstruction: text(2000).optional(),
});

export const principleDefinition = z.strictObject({
  description: text(4000),
  form: principleForm,
  /**
   * Where the affixes go where the base model has a chat template: in the assistant's label (`label`), at the end of the
   * system turn (`system`), behind the user's last words (`user`), or at the beginning of the answer (`answer`). The label
   * where it is left out; a model without a template knows no other.
   */
  placement: placement.optional(),
  /** Text after the final `Assistant:` that every response continues; empty for none. */
  responseOpening: text(2000).or(z.literal('')).default(''),
  affixPairs: z.array(affixPair).min(1).max(64),
});
export type PrincipleDefinition = z.infer<typeof principleDefinition>;

/** A definition that can be used: a story has no turns to put affixes into. */
const newPrincipleDefinition = principleDefinition.refine(
  ({ form, placement: asked }) => form === 'dialogue' || asked === undefined,
  { path: ['placement'], message: 'goes with the form dialogue; leave it out' },
);

const principleVersion = z
  .object({
    id: z.string(),
    principle: name,
    number: positiveInteger,
    definition: principleDefinition,
    labels: z.array(z.string()),
    createdAt: instant,
    createdBy: creator,
  })
  .meta({ id: 'PrincipleVersion' });

const principle = z
  .object({ id: z.string(), name, latestVersion: positiveInteger, createdAt: instant, createdBy: creator })
  .meta({ id: 'Principle' });

const label = z
  .object({ principle: name, label: name, version: positiveInteger, movedAt: instant })
  .meta({ id: 'PrincipleLabel' });

/** One changed place: `before` is absent where it was added, `after` where it was removed. */
const change = z.object({
  pointer: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

const principleName = z.strictObject({ principleName: name });
const principleLabel = name.regex(/^[a-z]/, 'must start with a letter');
/** A version by its number or by a label. */
const versionReference = z
  .union([z.string().regex(/^[1-9][0-9]{0,8}$/), name])
  .meta({ examples: ['1', 'production'] });

export const principleEndpoints = defineEndpoints({
  createPrincipleVersion: {
    method: 'post',
    path: '/v1/principles/{principleName}/versions',
    tag: 'principles',
    summary: 'Add a version to a principle; the first one creates the principle',
    scopes: ['admin', 'client'],
    parameters: principleName,
    body: newPrincipleDefinition,
    status: 201,
    response: principleVersion,
    creates: true,
  },
  listPrinciples: {
    method: 'get',
    path: '/v1/principles',
    tag: 'principles',
    summary: 'List principles, the newest first',
    scopes: ['admin', 'client'],
    query: pageQuery({}),
    status: 200,
    response: page(principle),
  },
  listPrincipleVersions: {
    method: 'get',
    path: '/v1/principles/{principleName}/versions',
    tag: 'principles',
    summary: 'List the versions of a principle, the newest first',
    scopes: ['admin', 'client'],
    parameters: principleName,
    query: pageQuery({}),
    status: 200,
    response: page(principleVersion),
  },
  getPrincipleVersion: {
    method: 'get',
    path: '/v1/principles/{principleName}/versions/{principleVersion}',
    tag: 'principles',
    summary: 'Get one version by its number or by a label',
    scopes: ['admin', 'client', 'runner'],
    parameters: principleName.extend({ principleVersion: versionReference }),
    status: 200,
    response: principleVersion,
  },
  comparePrincipleVersions: {
    method: 'get',
    path: '/v1/principles/{principleName}/difference',
    tag: 'principles',
    summary: 'Show what changed between two versions',
    scopes: ['admin', 'client'],
    parameters: principleName,
    query: z.strictObject({ from: versionReference, to: versionReference }),
    status: 200,
    response: z.object({ from: positiveInteger, to: positiveInteger, changes: z.array(change) }),
  },
  movePrincipleLabel: {
    method: 'put',
    path: '/v1/principles/{principleName}/labels/{principleLabel}',
    tag: 'principles',
    summary: 'Point a label at a version',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({ principleLabel }),
    body: z.strictObject({ version: positiveInteger }),
    status: 200,
    response: label,
  },
  deletePrincipleLabel: {
    method: 'delete',
    path: '/v1/principles/{principleName}/labels/{principleLabel}',
    tag: 'principles',
    summary: 'Delete a label; the version stays',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({ principleLabel }),
    status: 204,
  },
  deletePrincipleVersion: {
    method: 'delete',
    path: '/v1/principles/{principleName}/versions/{principleVersion}',
    tag: 'principles',
    summary: 'Delete a version that no experiment, scorer or label uses, where it is not the only one',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({ principleVersion: versionReference }),
    status: 204,
  },
  deletePrinciple: {
    method: 'delete',
    path: '/v1/principles/{principleName}',
    tag: 'principles',
    summary: 'Delete a principle that no experiment or scorer uses, with its versions and labels',
    scopes: ['admin', 'client'],
    parameters: principleName,
    status: 204,
  },
});
