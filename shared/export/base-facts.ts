/** What must be known of a base, without its weights, to write an adapter for it; it is registered with the base. */
import { z } from 'zod';
import { ExportError } from './export-error.ts';

const count = z.int().min(1);

export const baseFactsForm = z.object({
  heads: count,
  keyValueHeads: count,
  /** llama.cpp's name of its family; null where it has none. */
  ggufArchitecture: z.string().nullable(),
  /** What its own config.json calls its family; null where it was made from a file of another kind. */
  modelType: z.string().nullable(),
  /** Hub id or path of the model that it was made from. */
  location: z.string(),
  /** As its folder states it; null where it states none. */
  licence: z.string().nullable(),
});
export type BaseFacts = z.output<typeof baseFactsForm>;

/** @throws ExportError where the base was registered without them */
export function baseFacts(base: {
  readonly name: string;
  readonly source: string;
  readonly configuration: Readonly<Record<string, unknown>>;
}): BaseFacts {
  const { source: location, configuration } = base;
  const defaults = { ggufArchitecture: null, modelType: null, location, licence: null };
  const parsed = baseFactsForm.safeParse({ ...defaults, ...configuration });
  if (!parsed.success) {
    throw new ExportError(`the base model ${base.name} was registered without its numbers of heads`, {
      cure: 'Register the model again (npx rlcd runner --describe-model SOURCE) and repeat the experiment with it',
    });
  }
  return parsed.data;
}
