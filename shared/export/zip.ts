/** The files of an export as one zip, written as it is read. */
import { makeZip } from 'client-zip';
import type { ExportFile } from './export-file.ts';

/** Of every file in the zip: equal exports are equal bytes. */
const MADE = new Date(Date.UTC(2020, 0, 1));

/** @param folder in which the files lie inside the zip */
export function zipOf(folder: string, files: readonly ExportFile[]): ReadableStream<Uint8Array> {
  return makeZip(inputs(folder, files));
}

async function* inputs(folder: string, files: readonly ExportFile[]) {
  for (const { name, chunks } of files) {
    yield { name: `${folder}/${name}`, lastModified: MADE, input: buffersOf(chunks()) };
  }
}

async function* buffersOf(chunks: ReturnType<ExportFile['chunks']>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const chunk of chunks) yield new Uint8Array(chunk);
}
