/** Makes the principle known to the edge: a preset by name, or one from a file. */
import { basename } from 'node:path';
import { ApiError, type Client } from '../../shared/api/client.ts';
import { name as apiName } from '../../shared/api/fields.ts';
import { newPrincipleDefinition, type PrincipleDefinition } from '../../shared/api/principles.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { presets } from '../../shared/principles/presets.ts';
import { firstIssue } from '../../shared/first-issue.ts';
import { parseJson } from '../read-document.ts';
import { readUserFile } from '../read-user-file.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';

/** What a refusal shows. */
const EXAMPLE =
  'one is {"description": "...", "form": "dialogue" or "prefix", "affixPairs": [{"positive": "...", "negative": "..."}]}';

export interface NamedPrinciple {
  readonly name: string;
  readonly definition: PrincipleDefinition;
}

/**
 * @param nameOrFile the name of a preset, or a JSON file of a definition (its name becomes the principle's)
 * @throws UsageError naming the file and the field
 */
export async function readPrinciple(nameOrFile: string): Promise<NamedPrinciple> {
  const preset = presets.find(({ name }) => name === nameOrFile);
  if (preset) {
    const { name, description, form, responseOpening } = preset;
    const affixPairs = preset.affixPairs.map(({ positive, negative, scoringInstruction }) => ({
      positive,
      negative,
      scoringInstruction,
    }));
    const definition = { description, form, responseOpening, affixPairs };
    return { name, definition };
  }
  const names = presets.map(({ name }) => name).join(', ');
  const named = `--principle ${nameOrFile} is no preset (${names}), and as a file it`;
  return parsePrinciple(nameOrFile, await readUserFile(named, nameOrFile));
}

function parsePrinciple(file: string, text: string): NamedPrinciple {
  const definition = newPrincipleDefinition.safeParse(parseJson(file, text));
  if (!definition.success) {
    const { field, fault } = firstIssue(definition.error);
    throw new UsageError(`${file} is not a principle: ${field || 'the document'}: ${fault}; ${EXAMPLE}`);
  }
  const name = apiName.safeParse(basename(file, '.json'));
  if (!name.success)
    throw new UsageError(`${file}: the file's name must be the principle's: a-z, 0-9, hyphens`);
  return { name: name.data, definition: definition.data };
}

/** The version that holds the definition; a new one where the latest holds another. @returns its number */
export async function ensurePrinciple(client: Client, { name, definition }: NamedPrinciple): Promise<number> {
  const latest = await latestVersion(client, name);
  if (latest && canonicalJson(latest.definition) === canonicalJson(definition)) return latest.number;
  const made = await client.createPrincipleVersion({ parameters: { principleName: name }, body: definition });
  for (const { pointer, detail } of made.warnings) console.error(`principle ${name}: ${pointer} ${detail}`);
  return made.number;
}

async function latestVersion(client: Client, principleName: string) {
  try {
    const { items } = await client.listPrincipleVersions({
      parameters: { principleName },
      query: { limit: 1 },
    });
    return items[0];
  } catch (error) {
    if (error instanceof ApiError && error.problem.status === 404) return undefined;
    throw error;
  }
}
