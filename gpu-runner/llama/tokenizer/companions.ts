/** The files that stay with a model beside its weights: tokenizer, chat template, generation settings, configuration. */
import path from 'node:path';
import { z } from 'zod';
import { checkedBy, exists, parseJsonObject, readWhole } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';

export const TOKENIZER_FILE = 'tokenizer.json';
export const TOKENIZER_CONFIG_FILE = 'tokenizer_config.json';
export const CHAT_TEMPLATE_FILE = 'chat_template.jinja';
export const GENERATION_CONFIG_FILE = 'generation_config.json';
/** Kept for exports alone: what it says of the model stands in the architecture record. */
export const MODEL_CONFIG_FILE = 'config.json';

/** Older checkpoints tell their special tokens here; tokenizer_config.json wins. */
const SPECIAL_TOKENS_FILE = 'special_tokens_map.json';

/** What a folder may hold of them; all but the first are optional. */
export const COMPANION_FILES = [
  TOKENIZER_FILE,
  TOKENIZER_CONFIG_FILE,
  SPECIAL_TOKENS_FILE,
  CHAT_TEMPLATE_FILE,
  GENERATION_CONFIG_FILE,
] as const;

const MAXIMUM_BYTES = 128 * 1024 * 1024;
const cure = "Put the model's own tokenizer.json and tokenizer_config.json into its folder";

/** One of the files. */
interface Companion {
  /** What errors name. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** By the names under which a base keeps them; tokenizer and its configuration are always there. */
export type Companions = ReadonlyMap<string, Companion>;

const templateSchema = z.looseObject({
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
});

/**
 * Reads the companions of a Hugging Face folder or of a base. A template in tokenizer_config.json becomes a file of its own
 * (of several, the one named `default`); a missing tokenizer_config.json becomes an empty one with the special tokens of
 * special_tokens_map.json, as transformers opens such a folder.
 *
 * @throws ModelFileError if tokenizer.json is missing or a file is damaged
 */
export async function readCompanions(folder: string): Promise<Companions> {
  const companions = new Map<string, Companion>();
  const read = async (name: string): Promise<Companion | null> => {
    const file = path.join(folder, name);
    if (!(await exists(file))) return null;
    return { file, bytes: await readWhole(file, MAXIMUM_BYTES, cure) };
  };
  const tokenizer = await read(TOKENIZER_FILE);
  if (tokenizer === null) {
    const file = path.join(folder, TOKENIZER_FILE);
    throw new ModelFileError(file, null, 'is missing', await missingCure(folder));
  }
  companions.set(TOKENIZER_FILE, tokenizer);
  const special = await read(SPECIAL_TOKENS_FILE);
  const config = await read(TOKENIZER_CONFIG_FILE);
  const json = {
    ...(special === null ? {} : parseJsonObject(special.bytes, special.file, null, cure)),
    ...(config === null ? {} : parseJsonObject(config.bytes, config.file, null, cure)),
  };
  const file = config?.file ?? path.join(folder, TOKENIZER_CONFIG_FILE);
  const unchanged = special === null && config !== null;
  companions.set(
    TOKENIZER_CONFIG_FILE,
    unchanged ? config : { file, bytes: Buffer.from(JSON.stringify(json)) },
  );
  const template = (await read(CHAT_TEMPLATE_FILE)) ?? templateOf(json, file);
  if (template !== null) companions.set(CHAT_TEMPLATE_FILE, template);
  const generation = await read(GENERATION_CONFIG_FILE);
  if (generation !== null) companions.set(GENERATION_CONFIG_FILE, generation);
  const model = await read(MODEL_CONFIG_FILE);
  if (model !== null) companions.set(MODEL_CONFIG_FILE, model);
  return companions;
}

/** The companions of a model that holds them in a form of its own. @param file what errors name */
export function companionsOf(
  file: string,
  tokenizer: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  template: string | null,
): Companions {
  const companion = (text: string): Companion => ({ file, bytes: Buffer.from(text) });
  return new Map([
    [TOKENIZER_FILE, companion(JSON.stringify(tokenizer))],
    [TOKENIZER_CONFIG_FILE, companion(JSON.stringify(config))],
    ...(template === null ? [] : [[CHAT_TEMPLATE_FILE, companion(template)] as const]),
  ]);
}

function templateOf(config: Record<string, unknown>, file: string): Companion | null {
  const { chat_template: given } = checkedBy(templateSchema, config, file, cure);
  const template = Array.isArray(given) ? given.find(({ name }) => name === 'default')?.template : given;
  return template === undefined || template === null ? null : { file, bytes: Buffer.from(template) };
}

/** Many older folders hold SentencePiece's own file, which transformers converts when it opens them. */
async function missingCure(folder: string): Promise<string> {
  if (!(await exists(path.join(folder, 'tokenizer.model'))))
    return "Put the model's own tokenizer.json into its folder";
  return (
    'It has tokenizer.model alone: convert it once with ' +
    'transformers.AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)'
  );
}
