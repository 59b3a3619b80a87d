/** The columns of the interop table, in its order: a file in columns/ and a line here. */
import type { Column } from './column.ts';
import { eightBit } from './columns/eight-bit.ts';
import { ggufIn } from './columns/gguf-in.ts';
import { gradient } from './columns/gradient.ts';
import { logits } from './columns/logits.ts';
import { tokenizer } from './columns/tokenizer.ts';

export const columns: readonly Column[] = [logits, eightBit, gradient, tokenizer, ggufIn];
