/** Whether the keys of a GGUF file that is about to be written say the model: they are read as llama.cpp reads them. */
import { ExportError } from '../../shared/export/export-error.ts';
import type { GgufMetadata as Written } from '../../shared/export/gguf/container.ts';
import type { Architecture } from '../llama/model/architecture.ts';
import { readGgufArchitecture } from '../llama/weights/gguf/architecture.ts';
import { GgufMetadata } from '../llama/weights/gguf/metadata.ts';
import { llama3Factors } from '../llama/weights/gguf/rope.ts';

/** Numbers that went through fp32 differ by no more. */
const TOLERANCE = 1e-5;

/** @throws ExportError naming what llama.cpp would take for something else */
export async function requireReadBack(
  architecture: Architecture,
  name: string,
  written: Written,
  factors: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const values = written.flatMap(([key, { value }]) =>
    typeof value === 'object' ? [] : [[key, value] as const],
  );
  const { biases, tiedEmbedding, vocabularySize } = architecture;
  const has = new Map([
    ['blk.0.attn_q.bias', biases.queryKeyValue],
    ['blk.0.attn_output.bias', biases.attentionOutput],
    ['blk.0.ffn_down.bias', biases.feedForward],
    ['output.weight', !tiedEmbedding],
  ]);
  const read = await readGgufArchitecture(new GgufMetadata('model.gguf', new Map(values)), {
    has: (tensor) => has.get(tensor) === true,
    vocabularySize,
    factors: async (tensor) => factors.get(tensor) ?? null,
  });
  const expected = leaves(meaning(architecture));
  const found = leaves(meaning(read.architecture));
  for (const field of new Set([...expected.keys(), ...found.keys()])) {
    if (same(expected.get(field), found.get(field))) continue;
    throw new ExportError(
      `a ${name} of llama.cpp has no way to say the model's ${field.replace(/\.\d+$/, '')}`,
      {
        cure: 'Ask for merged or peft, which transformers computes as it is',
      },
    );
  }
}

/** What decides the numbers that a model computes of ids, each said in one way; order of rows and ends are not of it. */
function meaning(architecture: Architecture): unknown {
  const { rope, windows, attentionScale, headSize, maximumPositions } = architecture;
  return {
    ...architecture,
    bosToken: null,
    eosTokens: null,
    padToken: null,
    attentionScale: attentionScale ?? 1 / Math.sqrt(headSize),
    windows: windows?.map((one) => (one !== null && one >= maximumPositions ? null : one)) ?? null,
    rope: { ...rope, layout: null, scaling: scalingMeaning(rope) },
  };
}

function scalingMeaning({ scaling, theta, rotarySize }: Architecture['rope']): unknown {
  if (scaling?.kind !== 'llama3') return scaling;
  return { kind: 'longrope', factors: llama3Factors(scaling, theta, rotarySize), attentionFactor: 1 };
}

/** The values of a record by their places; what is null has none. */
function leaves(value: unknown, place = ''): Map<string, unknown> {
  if (value === null) return new Map();
  if (typeof value !== 'object') return new Map([[place, value]]);
  const found = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value ?? {})) {
    for (const [under, leaf] of leaves(inner, place === '' ? key : `${place}.${key}`)) found.set(under, leaf);
  }
  return found;
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  return Math.abs(a - b) <= TOLERANCE * Math.abs(a);
}
