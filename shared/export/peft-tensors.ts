/** The tensors of an adapter under the names that PEFT looks for in a base of some family. */
import { type AdapterSource, type Heads, readInOrder } from './adapter-source.ts';
import { concatenate } from './gguf/bytes.ts';

export interface PeftTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: () => Promise<Uint8Array>;
}

/** Projections that a family stores as one tensor, in the order of their rows. */
type Fused = Readonly<Record<string, readonly string[]>>;

const FUSED: ReadonlyMap<string, Fused> = new Map([
  ['phi3', { qkv_proj: ['q_proj', 'k_proj', 'v_proj'], gate_up_proj: ['gate_proj', 'up_proj'] }],
]);

/** What stands before `layers.N.`, where it is not `model.`: models that also see keep their text apart. */
const PREFIXES: ReadonlyMap<string, string> = new Map([['gemma3', 'model.language_model.']]);

/** @param modelType of the base's own config.json; null where it has none */
function fusedOf(modelType: string | null): Fused {
  return FUSED.get(modelType ?? '') ?? {};
}

/** Every tensor, in the file's order but for those that are joined. */
export function peftTensors(adapter: AdapterSource, heads: Heads, modelType: string | null): PeftTensor[] {
  const prefix = `base_model.model.${PREFIXES.get(modelType ?? '') ?? 'model.'}layers.`;
  const renamed = (name: string): string => name.replace('base_model.model.model.layers.', prefix);
  const plain = adapter.entries.map((entry) => ({
    name: renamed(entry.name),
    dtype: entry.dtype,
    shape: entry.shape,
    bytes: async () => await readInOrder(adapter, entry, heads, 'half'),
  }));
  return Object.entries(fusedOf(modelType)).reduce(
    (tensors, [whole, parts]) => fuse(tensors, whole, parts),
    plain,
  );
}

function fuse(tensors: readonly PeftTensor[], whole: string, parts: readonly string[]): PeftTensor[] {
  const pattern = new RegExp(String.raw`\.(${parts.join('|')})\.lora_([AB])\.weight$`);
  const groups = new Map<string, PeftTensor[]>();
  const others: PeftTensor[] = [];
  for (const tensor of tensors) {
    const joined = tensor.name.replace(pattern, `.${whole}.lora_$2.weight`);
    if (joined === tensor.name) others.push(tensor);
    else groups.set(joined, [...(groups.get(joined) ?? []), tensor]);
  }
  const place = ({ name }: PeftTensor): number => parts.findIndex((part) => name.includes(`.${part}.`));
  for (const [name, group] of groups) {
    const ordered = group.toSorted((a, b) => place(a) - place(b));
    others.push(name.endsWith('.lora_A.weight') ? stack(name, ordered) : diagonal(name, ordered));
  }
  return others;
}

/** A of the whole: the parts' rows [rank, inputs] one below the other. */
function stack(name: string, parts: readonly PeftTensor[]): PeftTensor {
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return {
    name,
    dtype: 'F32',
    shape: [rows, parts[0]?.shape[1] ?? 0],
    bytes: async () => concatenate(await Promise.all(parts.map(({ bytes }) => bytes()))),
  };
}

/** B of the whole: the parts' [outputs, rank] on the diagonal, so that each reads its own rows of A alone. */
function diagonal(name: string, parts: readonly PeftTensor[]): PeftTensor {
  const outputs = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const width = parts.reduce((sum, { shape }) => sum + (shape[1] ?? 0), 0);
  return {
    name,
    dtype: 'F32',
    shape: [outputs, width],
    bytes: async () => {
      const whole = new Uint8Array(4 * outputs * width);
      let row = 0;
      let column = 0;
      for (const { shape, bytes } of parts) {
        const part = await bytes();
        const [count = 0, rank = 0] = shape;
        for (let index = 0; index < count; index++, row++) {
          whole.set(part.subarray(4 * index * rank, 4 * (index + 1) * rank), 4 * (row * width + column));
        }
        column += rank;
      }
      return whole;
    },
  };
}

/** Fields of adapter_config.json that say how joined projections are adapted. */
export function fusedConfig(
  { config }: AdapterSource,
  modelType: string | null,
): Readonly<Record<string, unknown>> {
  const fused = Object.entries(fusedOf(modelType));
  const parts = new Set(fused.flatMap(([, joined]) => joined));
  const whole = fused.filter(([, joined]) => joined.some((one) => config.target_modules.includes(one)));
  const times = (value: number) =>
    Object.fromEntries(whole.map(([name, joined]) => [name, value * joined.length]));
  return {
    target_modules: [
      ...config.target_modules.filter((name) => !parts.has(name)),
      ...whole.map(([name]) => name),
    ].toSorted(),
    rank_pattern: times(config.r),
    alpha_pattern: times(config.lora_alpha),
  };
}
