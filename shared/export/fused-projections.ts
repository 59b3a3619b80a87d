/** The factors of a LoRA for projections that a family stores as one tensor. */
import { concatenate } from './gguf/bytes.ts';

/** A or B of a projection, under the name that PEFT has for it. */
export interface FactorTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: () => Promise<Uint8Array>;
}

/** Projections that a family stores as one tensor, in the order of their rows. */
type Fused = Readonly<Record<string, readonly string[]>>;

/** By the family's name, which is the same in transformers and llama.cpp. */
const FUSED: ReadonlyMap<string, Fused> = new Map([
  ['phi3', { qkv_proj: ['q_proj', 'k_proj', 'v_proj'], gate_up_proj: ['gate_proj', 'up_proj'] }],
]);

/** @param family null where it is not known, which joins nothing */
export function fusedOf(family: string | null): Fused {
  return FUSED.get(family ?? '') ?? {};
}

/** The tensors with those joined that the family joins; the rank of a joined pair is the sum of its parts'. */
export function fused(tensors: readonly FactorTensor[], family: string | null): readonly FactorTensor[] {
  return Object.entries(fusedOf(family)).reduce(
    (joined, [whole, parts]) => fuse(joined, whole, parts),
    tensors,
  );
}

function fuse(tensors: readonly FactorTensor[], whole: string, parts: readonly string[]): FactorTensor[] {
  const pattern = new RegExp(String.raw`\.(${parts.join('|')})\.lora_([AB])\.weight$`);
  const groups = new Map<string, FactorTensor[]>();
  const others: FactorTensor[] = [];
  for (const tensor of tensors) {
    const joined = tensor.name.replace(pattern, `.${whole}.lora_$2.weight`);
    if (joined === tensor.name) others.push(tensor);
    else groups.set(joined, [...(groups.get(joined) ?? []), tensor]);
  }
  const place = ({ name }: FactorTensor): number => parts.findIndex((part) => name.includes(`.${part}.`));
  for (const [name, group] of groups) {
    const ordered = group.toSorted((a, b) => place(a) - place(b));
    others.push(name.endsWith('.lora_A.weight') ? stack(name, ordered) : diagonal(name, ordered));
  }
  return others;
}

/** A of the whole: the parts' rows [rank, inputs] one below the other. */
function stack(name: string, parts: readonly FactorTensor[]): FactorTensor {
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return {
    name,
    dtype: 'F32',
    shape: [rows, parts[0]?.shape[1] ?? 0],
    bytes: async () => concatenate(await Promise.all(parts.map(({ bytes }) => bytes()))),
  };
}

/** B of the whole: the parts' [outputs, rank] on the diagonal, so that each reads its own rows of A alone. */
function diagonal(name: string, parts: readonly FactorTensor[]): FactorTensor {
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
