/** A dialogue's answer ends where its text begins the next turn, whatever tokens wrote it, on a tokenizer that cannot say that text by itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Generator } from '../../../gpu-runner/algorithms/generator.ts';
import { ResponseReader } from '../../../gpu-runner/algorithms/response-text.ts';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import { responseOf } from '../../../gpu-runner/llama/model/sequence.ts';
import { NEXT_TURN } from '../../../shared/dialogue/terminal-text.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import { tinyConfiguration } from './tiny-model.ts';

/** Bytes fall back, a dummy space stands before every text, and no merge leads to what ends a turn. */
const PIECES = ['<unk>', '<s>', '</s>', '▁', 'a', '\n', '\n\n', '\nHu', 'man:ok', 'Human', ':'];
const vocabulary = Object.fromEntries(PIECES.map((piece, id) => [piece, id]));

const tokenizerFile = {
  version: '1.0',
  added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  })),
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  },
  pre_tokenizer: null,
  post_processor: null,
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
  model: { type: 'BPE', vocab: vocabulary, merges: [], unk_token: '<unk>', byte_fallback: false },
};

it('ends every row there, and no row elsewhere', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-dialogue-ends-'));
  const base = join(folder, 'base');
  await writeRandomBase(base, { ...tinyConfiguration, vocabularySize: PIECES.length }, 'int8', 5);
  writeFileSync(join(base, 'tokenizer.json'), JSON.stringify(tokenizerFile));
  writeFileSync(
    join(base, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'LlamaTokenizer', bos_token: '<s>', eos_token: '</s>' }),
  );
  const model = await openModel(base, { cacheDirectory: join(folder, 'cache') });
  const maximumNewTokens = 48;
  const generator = await Generator.open({
    model,
    promptForm: 'dialogue',
    temperature: 5,
    topP: 1,
    maximumNewTokens,
    bannedTokens: [0, 1, 2, 3],
    seed: 7,
    maximumTime: 64,
    referenceTemperature: 1,
    withReference: false,
    sampleRows: 64,
    scoreRows: 8,
  });
  const promptTokens = Int32Array.of(1, 4, 4);
  const requests = Array.from({ length: 64 }, (_, stream) => ({ promptTokens, stream }));
  const generations = await generator.generate(requests, new AbortController().signal);
  await generator.close();
  const reader = new ResponseReader(model.tokenizer, 'dialogue');
  const written = new Set<string>();
  let ended = 0;
  for (const { sequence } of generations) {
    const pieces = Array.from(responseOf(sequence), (token) => PIECES[token] ?? '');
    const found = pieces.findIndex((_, index) =>
      pieces
        .slice(0, index + 1)
        .join('')
        .includes(NEXT_TURN),
    );
    expect(pieces.length).toBe(found < 0 ? maximumNewTokens : found + 1);
    if (found < 0) continue;
    ended += 1;
    written.add(pieces.slice(-2).join('|'));
    const { text, scoredTokens } = reader.read(sequence);
    expect(text.endsWith(NEXT_TURN)).toBe(true);
    expect(scoredTokens).toBe(pieces.length);
  }
  // Rows end by tokens that no tokenizer would choose for that text, too.
  expect(ended).toBeGreaterThan(10);
  expect(written).toContain('\nHu|man:ok');
  expect(written).toContain('Human|:');
  rmSync(folder, { recursive: true });
});
