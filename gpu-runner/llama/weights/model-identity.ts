/** What names a model: one hash over its weights and everything else that changes what it answers. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../../shared/canonical-json.ts';
import { parseJsonObject } from '../../files/files.ts';
import type { Architecture } from '../model/architecture.ts';
import {
  CHAT_TEMPLATE_FILE,
  type Companions,
  TOKENIZER_CONFIG_FILE,
  TOKENIZER_FILE,
} from '../tokenizer/companions.ts';
import type { BasePrecision } from './base-layout.ts';

/** Raise it when the same model gets another identity. */
const IDENTITY_VERSION = 1;

const tokenSchema = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
]);

/**
 * SHA-256 over the bytes of the weights, the whole architecture record (rope, epsilon, ends, positions), tokenizer.json, the
 * special tokens that tokenizer_config.json names, the chat template, the precision and whether inputs are turned. Names, places and what only describes
 * a model (a generation config's temperature, the length that its card states) are no part of it.
 *
 * @param weightsSha256 of base.bin
 * @param companions null for a base that has no tokenizer, as benches make them
 */
export function modelIdentity(
  weightsSha256: string,
  precision: BasePrecision,
  isTurned: boolean,
  architecture: Architecture,
  companions: Companions | null,
): string {
  const hashOf = (name: string): string | null => {
    const bytes = companions?.get(name)?.bytes;
    return bytes === undefined ? null : createHash('sha256').update(bytes).digest('hex');
  };
  const content = {
    version: IDENTITY_VERSION,
    weights: weightsSha256,
    precision,
    // Said only where it is so: a base without turned inputs keeps the name it always had.
    ...(isTurned ? { isTurned } : {}),
    architecture,
    tokenizer: hashOf(TOKENIZER_FILE),
    specialTokens: specialTokens(companions),
    chatTemplate: hashOf(CHAT_TEMPLATE_FILE),
  };
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** `bos_token`, `eos_token` and the like by their texts. */
function specialTokens(companions: Companions | null): Record<string, string> {
  const config = companions?.get(TOKENIZER_CONFIG_FILE);
  if (config === undefined) return {};
  const fields = Object.entries(
    parseJsonObject(config.bytes, config.file, null, 'Correct or delete the file'),
  );
  return Object.fromEntries(
    fields.flatMap(([name, value]) => {
      const token = name.endsWith('_token') ? tokenSchema.safeParse(value).data : undefined;
      return token === undefined ? [] : [[name, token] as const];
    }),
  );
}
