/** The columns of the interop table, in its order: a file in columns/ and a line here. */
import type { Column } from './column.ts';
import { eightBit } from './columns/eight-bit.ts';
import { ggufIn } from './columns/gguf-in.ts';
import { ggufAdapter, ggufF16, ggufQ80 } from './columns/gguf.ts';
import { gradient } from './columns/gradient.ts';
import { logits } from './columns/logits.ts';
import { merged } from './columns/merged.ts';
import { peft } from './columns/peft.ts';
import { tokenizer } from './columns/tokenizer.ts';

export const columns: readonly Column[] = [
  logits,
  eightBit,
  gradient,
  tokenizer,
  ggufIn,
  peft,
  merged,
  ggufF16,
  ggufQ80,
  ggufAdapter,
];
