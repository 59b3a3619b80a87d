/** How a model is written as a Hugging Face folder: its configuration, and how its family names its tensors. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { checkedBy, exists, readJsonFile } from '../files/files.ts';
import { MODEL_CONFIG_FILE } from '../llama/tokenizer/companions.ts';
import type { BaseFile } from '../llama/weights/base-file.ts';
import type { TensorNames } from '../llama/weights/families/family.ts';
import { families } from '../llama/weights/families/table.ts';
import { familyOf } from './family.ts';
import { recordConfig } from './record-config.ts';

export interface Outside {
  /** Fields of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: TensorNames;
  /** The model's own config.json; null where the base has none. */
  readonly original: string | null;
}

const MAXIMUM_CONFIG_BYTES = 1 << 20;
const CURE = 'Delete the converted base and import the model again';

const fields = z.looseObject({ model_type: z.string() });
/** Of a model that also sees, text_config says what its text is. */
const ownConfig = fields.extend({ text_config: fields.optional() });

/** The model's own config.json where its base keeps it, or one that says what the record says. @throws ExportError */
export async function outsideOf(base: BaseFile): Promise<Outside> {
  const own = await keptConfig(base);
  const config = own?.text_config ?? own ?? writtenConfig(base);
  const tensors = families.get(config.model_type)?.tensors ?? {};
  const original = own === null ? null : await readFile(path.join(base.folder, MODEL_CONFIG_FILE), 'utf8');
  return { config, tensors, original };
}

/** What the model's own config.json calls its family; null where the base has none. */
export async function modelTypeOf(base: BaseFile): Promise<string | null> {
  return (await keptConfig(base))?.model_type ?? null;
}

async function keptConfig(base: BaseFile): Promise<z.output<typeof ownConfig> | null> {
  const file = path.join(base.folder, MODEL_CONFIG_FILE);
  if (!(await exists(file))) return null;
  return checkedBy(ownConfig, await readJsonFile(file, MAXIMUM_CONFIG_BYTES, CURE), file, CURE);
}

function writtenConfig({ architecture }: BaseFile): z.output<typeof fields> {
  const family = familyOf(architecture, null);
  return {
    ...recordConfig(architecture),
    ...family.config(architecture),
    model_type: family.modelType,
    architectures: [`${family.classes}ForCausalLM`],
  };
}
