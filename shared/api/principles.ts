/** The contract of principles: immutable versions, movable labels, and the difference of two versions. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, instant, labelMove, name, positiveInteger, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { placement, principleForm } from './tasks/settings.ts';

/**
 * The two affixes that make the sides of a contrast, and how a model is asked about two responses: the instruction of
 * an A/B question in the dialogue form, an affirming text in the prefix form. The methods that label pairs need it.
 */
const affixPair = z
  .strictObject({
    positive: text(2000).describe('The affix that urges towards the principle'),
    negative: text(2000).describe('The affix that urges away from it'),
    scoringInstruction: text(2000)
      .optional()
      .describe('How a model is asked about two responses; the methods that label pairs need it'),
  })
  .meta({ id: 'AffixPair', description: 'The two affixes that make the sides of a contrast' });

export const principleDefinition = z
  .strictObject({
    description: text(4000).describe('The principle in plain words'),
    form: principleForm.describe('How the prompts become text: `dialogue`, or `prefix` for stories'),
    placement: placement
      .optional()
      .describe(
        "Where the affixes go where the base model has a chat template: in the assistant's label " +
          "(`label`), at the end of the system turn (`system`), behind the user's last words (`user`), or " +
          'at the beginning of the answer (`answer`). The label where it is left out; a model without a ' +
          'template knows no other',
      ),
    responseOpening: text(2000)
      .or(z.literal(''))
      .default('')
      .describe('Text after the final `Assistant:` that every response continues; empty for none'),
    affixPairs: z
      .array(affixPair)
      .min(1)
      .max(64)
      .describe('The pairs of affixes; each pair of responses draws one by the seed'),
  })
  .meta({
    id: 'PrincipleDefinition',
    description: 'A principle: its words, and the affixes that make the sides of a contrast',
  });
export type PrincipleDefinition = z.infer<typeof principleDefinition>;

/** A definition that can be used: a story has no turns to put affixes into, and sides that say the same no contrast. */
export const newPrincipleDefinition = principleDefinition
  .refine(({ form, placement: asked }) => form === 'dialogue' || asked === undefined, {
    path: ['placement'],
    message: 'goes with the form dialogue; leave it out',
  })
  .superRefine(({ affixPairs }, context) => {
    for (const [index, { positive, negative }] of affixPairs.entries()) {
      if (positive.trim() !== negative.trim()) continue;
      const path = ['affixPairs', index, 'negative'];
      context.addIssue({ code: 'custom', path, message: 'says the same as positive; say the opposite' });
    }
  });

const principleVersion = z
  .object({
    id: z.string().describe('Its id'),
    principle: name.describe('Name of the principle'),
    number: positiveInteger.describe('Its number, from 1'),
    definition: principleDefinition,
    labels: z.array(z.string()).describe('Labels that point at it'),
    labelMoves: z.array(labelMove).describe('Of each of these labels, who moved it there, and when'),
    warnings: z
      .array(
        z.object({
          pointer: z.string().describe('JSON pointer in the definition'),
          detail: z.string().describe('What may not be meant there, and what to do about it'),
        }),
      )
      .describe('What the definition says and may not mean; it can be used as it is'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: creator,
  })
  .meta({ id: 'PrincipleVersion', description: 'A version of a principle; it never changes' });

const principle = z
  .object({
    id: z.string().describe('Its id'),
    name: name.describe('Its name'),
    latestVersion: positiveInteger.describe('Number of its newest version'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: creator,
  })
  .meta({ id: 'Principle', description: 'A principle in plain words, by its name' });

const label = z
  .object({
    principle: name.describe('Name of the principle'),
    label: name.describe("The label's name"),
    version: positiveInteger.describe('The version that it points at'),
    movedAt: instant.describe('When the label was moved there: milliseconds since the epoch, UTC'),
  })
  .meta({ id: 'PrincipleLabel', description: 'A name that points at a version' });

/** One changed place: `before` is absent where it was added, `after` where it was removed. */
const change = z
  .object({
    pointer: z.string().describe('JSON pointer to the changed place'),
    before: z.unknown().optional().describe('The value of the first; absent where it was added'),
    after: z.unknown().optional().describe('The value of the second; absent where it was removed'),
  })
  .meta({ id: 'PrincipleChange', description: 'A changed place of a principle' });

const principleName = z.strictObject({ principleName: name.describe('Name of the principle') });
const principleLabel = name.regex(/^[a-z]/, 'must start with a letter').meta({ examples: ['production'] });
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
    refuses: ['not-found'],
    status: 200,
    response: page(principleVersion),
  },
  getPrincipleVersion: {
    method: 'get',
    path: '/v1/principles/{principleName}/versions/{principleVersion}',
    tag: 'principles',
    summary: 'Get one version by its number or by a label',
    scopes: ['admin', 'client', 'runner'],
    parameters: principleName.extend({
      principleVersion: versionReference.describe('A version of it, by its number or by a label'),
    }),
    refuses: ['not-found'],
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
    query: z.strictObject({
      from: versionReference.describe('A version by its number or by a label'),
      to: versionReference.describe('A version by its number or by a label'),
    }),
    refuses: ['not-found'],
    status: 200,
    response: z.object({
      from: positiveInteger.describe('Number of the first version'),
      to: positiveInteger.describe('Number of the second version'),
      changes: z.array(change).describe('Every place that differs'),
    }),
  },
  movePrincipleLabel: {
    method: 'put',
    path: '/v1/principles/{principleName}/labels/{principleLabel}',
    tag: 'principles',
    summary: 'Point a label at a version',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({
      principleLabel: principleLabel.describe('The label, such as `production`'),
    }),
    body: z.strictObject({ version: positiveInteger.describe('The version that it points at from now on') }),
    refuses: ['not-found'],
    status: 200,
    response: label,
  },
  deletePrincipleLabel: {
    method: 'delete',
    path: '/v1/principles/{principleName}/labels/{principleLabel}',
    tag: 'principles',
    summary: 'Delete a label; the version stays',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({
      principleLabel: principleLabel.describe('The label, such as `production`'),
    }),
    refuses: ['not-found'],
    status: 204,
  },
  deletePrincipleVersion: {
    method: 'delete',
    path: '/v1/principles/{principleName}/versions/{principleVersion}',
    tag: 'principles',
    summary: 'Delete a version that no experiment, scorer or label uses, where it is not the only one',
    scopes: ['admin', 'client'],
    parameters: principleName.extend({
      principleVersion: versionReference.describe('A version of it, by its number or by a label'),
    }),
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
  deletePrinciple: {
    method: 'delete',
    path: '/v1/principles/{principleName}',
    tag: 'principles',
    summary: 'Delete a principle that no experiment or scorer uses, with its versions and labels',
    scopes: ['admin', 'client'],
    parameters: principleName,
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
});
