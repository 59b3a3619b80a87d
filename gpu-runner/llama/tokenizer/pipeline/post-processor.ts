/** The one thing that matters here of a tokenizer.json's `post_processor`: the token that it puts before every text. */
import { z } from 'zod';

const templateSchema = z.looseObject({
  type: z.literal('TemplateProcessing'),
  single: z.array(
    z.union([
      z.strictObject({ SpecialToken: z.looseObject({ id: z.string() }) }),
      z.strictObject({ Sequence: z.unknown() }),
    ]),
  ),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int()) })),
});

const pieceSchema = z.union([
  templateSchema,
  z.looseObject({
    type: z.enum(['BertProcessing', 'RobertaProcessing']),
    cls: z.tuple([z.string(), z.int()]),
  }),
  z.looseObject({ type: z.literal('ByteLevel') }),
]);

export const postProcessorSchema = z
  .union([
    pieceSchema,
    z.looseObject({ type: z.literal('Sequence'), processors: z.array(pieceSchema).max(64) }),
  ])
  .nullish();

/** The id that a single text begins with; undefined where it begins with its own first token. */
export function firstToken(config: z.infer<typeof postProcessorSchema>): number | undefined {
  if (config === null || config === undefined || config.type === 'ByteLevel') return undefined;
  if (config.type === 'Sequence') return config.processors.map(firstToken).findLast((id) => id !== undefined);
  if (config.type !== 'TemplateProcessing') return config.cls[1];
  const [first] = config.single;
  return first !== undefined && 'SpecialToken' in first
    ? config.special_tokens[first.SpecialToken.id]?.ids[0]
    : undefined;
}
