/** Signs that a tokenizer is another model's: what cannot be is refused, what is merely unlikely is told. */
import type { Architecture } from '../model/architecture.ts';
import type { TokenizerDescription } from './pipeline/pipeline.ts';

/** More of its own tokens than this share without a row, and no text could be trusted. */
const MOST_WITHOUT_ROW = 0.1;
/** Vocabularies are padded to round numbers, by 2 or 3 % in what is published. */
const USUAL_PADDING = 0.1;

type Ids = Pick<Architecture, 'vocabularySize' | 'bosToken' | 'eosTokens'>;

interface Vocabulary {
  /** Text by id, without added tokens. */
  readonly own: ReadonlyMap<number, string>;
  readonly added: ReadonlyMap<number, string>;
}

function vocabularyOf({ model, added_tokens: tokens }: TokenizerDescription): Vocabulary {
  const added = new Map(tokens.map(({ id, content }) => [id, content]));
  const all =
    model.type === 'BPE'
      ? Object.entries(model.vocab).map(([text, id]) => [id, text] as const)
      : model.vocab.map(([text], id) => [id, text] as const);
  return { own: new Map(all.filter(([id]) => !added.has(id))), added };
}

/** What cannot be, as field and fault; null where nothing is. Added tokens beyond the embedding are no fault. */
export function strangeVocabulary(
  description: TokenizerDescription,
  { vocabularySize }: Ids,
): { readonly field: string; readonly fault: string } | null {
  const { own } = vocabularyOf(description);
  const beyond = own
    .keys()
    .filter((id) => id >= vocabularySize)
    .toArray().length;
  if (beyond > MOST_WITHOUT_ROW * own.size) {
    const fault = `has ${own.size} tokens, and the model rows for ${vocabularySize}: it is another model's`;
    return { field: 'model.vocab', fault };
  }
  return strangeMerge(description);
}

/** tokenizers refuses a merge of tokens that the vocabulary lacks: such a file is put together from two. */
function strangeMerge({ model }: TokenizerDescription): ReturnType<typeof strangeVocabulary> {
  if (model.type !== 'BPE') return null;
  const place = model.merges.findIndex((merge) => {
    const [left = '', right = ''] = typeof merge === 'string' ? merge.split(' ') : merge;
    return [left, right, left + right].some((text) => !Object.hasOwn(model.vocab, text));
  });
  if (place === -1) return null;
  const merge = JSON.stringify(model.merges[place]).slice(0, 80);
  return {
    field: `model.merges.${place}`,
    fault: `is ${merge}, which are not tokens of model.vocab that join to a third`,
  };
}

/** What is unlikely of a model's own tokenizer, each in a sentence. */
export function doubtsOf(
  description: TokenizerDescription,
  { vocabularySize, bosToken, eosTokens }: Ids,
): string[] {
  const { own, added } = vocabularyOf(description);
  const size = [...own.keys(), ...added.keys()].reduce((most, id) => Math.max(most, id + 1), 0);
  const plain = (id: number): string | null => {
    const text = own.get(id);
    return text === undefined || /^<.*>$|^\[.*\]$/su.test(text) ? null : JSON.stringify(text);
  };
  const doubts: string[] = [];
  if (vocabularySize - size > USUAL_PADDING * vocabularySize) {
    doubts.push(`it has ${size} tokens, the model ${vocabularySize} rows`);
  }
  const ends = eosTokens.map((id) => ({ id, text: plain(id) }));
  if (ends.length > 0 && ends.every(({ text }) => text !== null)) {
    const list = ends.map(({ id, text }) => `${id}, which is ${text} there`).join(', ');
    doubts.push(`the model ends at token ${list}: a piece of text, no end`);
  }
  const begin = bosToken === null ? null : plain(bosToken);
  if (begin !== null)
    doubts.push(`the model begins with token ${bosToken}, which is ${begin} there: a piece of text`);
  return doubts;
}
