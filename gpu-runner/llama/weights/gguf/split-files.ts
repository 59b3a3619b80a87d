/** A GGUF model that is split over several files, opened as one. */
import path from 'node:path';
import { ModelFileError } from '../../../files/model-file-error.ts';
import { type GgufFile, openGgufFile } from './gguf-file.ts';
import { GgufMetadata } from './metadata.ts';

/** As llama.cpp names the parts. */
const partName = /^(?<prefix>.+)-(?<number>\d{5})-of-(?<count>\d{5})\.gguf$/;

const CURE =
  'Fetch all parts into one folder and keep their names, or join them with llama-gguf-split --merge';

/** The files of the model that `file` is, or is a part of, the first part first. */
export function partsOf(file: string): string[] {
  const { prefix, count } = partName.exec(path.basename(file))?.groups ?? {};
  if (prefix === undefined || count === undefined) return [file];
  return Array.from({ length: Number(count) }, (_, index) =>
    path.join(path.dirname(file), `${prefix}-${String(index + 1).padStart(5, '0')}-of-${count}.gguf`),
  );
}

/**
 * Opens every part and checks that they belong together. Close each after use.
 *
 * @throws ModelFileError if a part is missing or another model's
 */
export async function openParts(file: string): Promise<GgufFile[]> {
  const opened: GgufFile[] = [];
  try {
    const names = partsOf(file);
    for (const [index, name] of names.entries()) {
      const part = await openGgufFile(name);
      opened.push(part);
      checkPart(part, index, names.length);
    }
    checkTensors(opened);
    return opened;
  } catch (error) {
    for (const part of opened) await part.close();
    throw error;
  }
}

function checkPart(part: GgufFile, index: number, parts: number): void {
  const metadata = new GgufMetadata(part.file, part.header.metadata);
  const count = metadata.number('split.count') ?? 1;
  const number = metadata.number('split.no') ?? 0;
  if (count > 1 && parts === 1) {
    throw metadata.refuse('split.count', `says that the file is one of ${count}, its name does not`, CURE);
  }
  if (parts > 1 && (count !== parts || number !== index)) {
    throw metadata.refuse(
      'split.no',
      `says part ${number + 1} of ${count}, the name ${index + 1} of ${parts}`,
      CURE,
    );
  }
}

function checkTensors(parts: readonly GgufFile[]): void {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return;
  const names = new Set<string>();
  for (const part of parts) {
    for (const name of part.header.tensors.keys()) {
      if (names.has(name))
        throw new ModelFileError(part.file, name.slice(0, 120), 'stands in two parts', CURE);
      names.add(name);
    }
  }
  const stated = new GgufMetadata(first.file, first.header.metadata).number('split.tensors.count');
  if (stated !== null && stated !== names.size) {
    throw new ModelFileError(
      first.file,
      'split.tensors.count',
      `is ${stated}, the parts have ${names.size}`,
      CURE,
    );
  }
}
