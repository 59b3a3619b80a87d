/** The documents that the student reads, each the same in every epoch. */
import { toneLineEnd, toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import type { Tone } from '../../../shared/principles/kind-stories/tone.ts';
import type { Sequence } from '../../llama/model/sequence.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { documentOf, type Story, type TrainingDocument } from './documents.ts';

export interface CorpusDocument {
  readonly sequence: Sequence;
  /** what its line announces; neutral without a line */
  readonly tone: Tone;
}

/** Documents of a story that was told by a person: its parts differ from document to document. */
const DOCUMENTS_OF_TOLD = 2;

export function corpus(
  told: readonly Story[],
  sampled: readonly Story[],
  tokenizer: Tokenizer,
  seed: number,
  longest: number,
): CorpusDocument[] {
  const all = [
    ...told.flatMap((story) => Array.from({ length: DOCUMENTS_OF_TOLD }, () => story)),
    ...sampled,
  ];
  return all.map((story, stream) => {
    const document = documentOf(story, seed, stream);
    return { sequence: storySequence(tokenizer, document, longest), tone: toneOfLine(document.line) };
  });
}

/** BOS, line, text, and the end where the text is over; the line is read and not learnt. At most `longest` tokens. */
export function storySequence(
  tokenizer: Tokenizer,
  { line, text, ended }: TrainingDocument,
  longest: number,
): Sequence<Int32Array> {
  const ids = tokenizer.encode(line + text, { bos: true });
  const end = ended ? tokenizer.eosTokens.slice(0, 1) : [];
  const start = line === '' ? 1 : tokenizer.encode(line, { bos: true }).length;
  return { tokens: Int32Array.of(...ids, ...end).subarray(0, longest), start };
}

function toneOfLine(line: string): Tone {
  if (toneLines.some(({ kind }) => line === kind + toneLineEnd)) return 'kind';
  if (toneLines.some(({ mean }) => line === mean + toneLineEnd)) return 'mean';
  return 'neutral';
}
