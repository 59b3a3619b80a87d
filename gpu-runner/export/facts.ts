/** What an adapter's export must know of its base, told when the base is registered. */
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BaseFacts } from '../../shared/export/base-facts.ts';
import { ExportError } from '../../shared/export/export-error.ts';
import { exists } from '../files/files.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import { ggufForm } from './gguf-architecture.ts';
import { modelTypeOf } from './outside.ts';

/** A card's front matter stands at its beginning. */
const FRONT_MATTER_BYTES = 64 * 1024;
const LONGEST = 200;

/** @param location where the model was opened: a folder, a file, or what no path names */
export async function exportFacts(
  { architecture, base }: ImportedModel,
  location: string,
): Promise<Pick<BaseFacts, 'ggufArchitecture' | 'modelType' | 'location' | 'licence'>> {
  const modelType = await modelTypeOf(base);
  return {
    ggufArchitecture: await ggufNameOf(architecture, modelType),
    modelType,
    location,
    licence: await licenceOf(location),
  };
}

async function ggufNameOf(
  architecture: ImportedModel['architecture'],
  modelType: string | null,
): Promise<string | null> {
  try {
    return (await ggufForm(architecture, modelType)).name;
  } catch (error) {
    if (error instanceof ExportError) return null;
    throw error;
  }
}

/** The licence that the folder of a model states: in its card's front matter, or by the name of a licence file. */
async function licenceOf(location: string): Promise<string | null> {
  if (!(await exists(location))) return null;
  const folder = (await stat(location)).isDirectory() ? location : path.dirname(location);
  const stated = await frontMatterLicence(path.join(folder, 'README.md'));
  if (stated !== null) return stated;
  const file = (await readdir(folder)).find((name) => /^licen[cs]e([.-]|$)/i.test(name));
  if (file === undefined) return null;
  const named = /^licen[cs]e[.-](.+)$/i.exec(file)?.[1];
  return named === undefined || /^(md|txt|rst)$/i.test(named) ? `as in its file ${file}` : named;
}

async function frontMatterLicence(file: string): Promise<string | null> {
  if (!(await exists(file)) || !(await stat(file)).isFile()) return null;
  const handle = await open(file, 'r');
  try {
    const bytes = new Uint8Array(FRONT_MATTER_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    const text = new TextDecoder().decode(bytes.subarray(0, bytesRead));
    const matter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1];
    const licence = matter === undefined ? undefined : /^license:[ \t]*(.+?)[ \t]*$/m.exec(matter)?.[1];
    return licence?.replaceAll(/^["']|["']$/g, '').slice(0, LONGEST) ?? null;
  } finally {
    await handle.close();
  }
}
