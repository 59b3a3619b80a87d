/** What an adapter's export must know of its base, told when the base is registered. */
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BaseFacts } from '../../shared/export/base-facts.ts';
import { ExportError } from '../../shared/export/export-error.ts';
import { exists } from '../files/files.ts';
import { ggufIn } from '../llama/weights/gguf/gguf-in.ts';
import { openGgufFile } from '../llama/weights/gguf/gguf-file.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import { familyOf } from './family.ts';
import { ggufForm } from './gguf-architecture.ts';
import { modelTypeOf } from './outside.ts';

/** A card's front matter stands at its beginning. */
const FRONT_MATTER_BYTES = 64 * 1024;
const LONGEST = 200;

/**
 * @param location what the model is called: a path or hub id as it was given, or the bundled one's place in a checkout
 * @param place where it lies, if that is told apart
 */
export async function exportFacts(
  { architecture, base }: Pick<ImportedModel, 'architecture' | 'base'>,
  location: string,
  place = location,
): Promise<Pick<BaseFacts, 'ggufArchitecture' | 'modelType' | 'location' | 'licence'>> {
  const modelType = (await modelTypeOf(base)) ?? (await toldModelType(base, place));
  return {
    ggufArchitecture: await ggufNameOf(architecture, modelType),
    modelType,
    location,
    licence: await licenceOf(place),
  };
}

/**
 * The family of a base without a config.json, by its record. Where several would do (a Phi-3 without window and longrope
 * computes what a LLaMA does, but stores its projections joined), its GGUF file says which.
 */
async function toldModelType(
  { architecture, provenance }: ImportedModel['base'],
  location: string,
): Promise<string | null> {
  const told = provenance.origin === 'gguf' ? await ggufArchitectureAt(location) : null;
  return await orNull(() => familyOf(architecture, told).modelType);
}

/** general.architecture of the GGUF file that a model was opened from; null where it is no longer there. */
async function ggufArchitectureAt(location: string): Promise<string | null> {
  if (!(await exists(location))) return null;
  const path = (await stat(location)).isDirectory() ? await ggufIn(location) : location;
  if (path === undefined) return null;
  const file = await openGgufFile(path);
  await file.close();
  const name = file.header.metadata.get('general.architecture');
  return typeof name === 'string' ? name : null;
}

async function ggufNameOf(
  architecture: ImportedModel['architecture'],
  modelType: string | null,
): Promise<string | null> {
  return await orNull(async () => (await ggufForm(architecture, modelType)).name);
}

/** Null where it is no form that can be written. */
async function orNull<Result>(make: () => Result | Promise<Result>): Promise<Result | null> {
  try {
    return await make();
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
