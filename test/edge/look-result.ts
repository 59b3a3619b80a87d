/** What a runner finds at a look, made up: 64 answers of which so many are kept and told apart. */
import type { LookResult } from '../../shared/api/tasks/look.ts';
import { summarise } from '../../shared/statistics/summary.ts';
import { wilsonInterval } from '../../shared/statistics/wilson-interval.ts';

interface Found {
  readonly kept?: number;
  readonly apart?: number;
  /** Of the first example's answer towards the principle. */
  readonly text?: string;
}

const share = (held: number) => ({ share: held / 64, interval: wilsonInterval(held, 64) });

export function lookResultOf({ kept = 60, apart = 59, text = 'Gladly.' }: Found = {}): LookResult {
  const side = (nats: number, tokens: number) => ({
    nats: summarise([nats, nats]),
    tokens: summarise([tokens, tokens]),
    accepted: kept / 2,
    rejected: kept === 64 ? {} : { 'no-sentence-end': (64 - kept) / 2 },
    truncated: 4,
  });
  return {
    contrast: {
      prompts: 32,
      separation: share(apart),
      acceptance: share(kept),
      positive: side(3.1, 44),
      negative: side(2.2, 40),
      lengthGap: 4,
      truncatedShare: 0.125,
      rates: { sampled: 900, read: 5100 },
      examples: [
        {
          prompt: 'Would you help me?',
          positive: { text, nats: 3.1, accepted: true },
          negative: { text: 'No.', nats: 2.2, accepted: false },
        },
      ],
    },
    training: {
      trained: 1600,
      secondsPerTask: 4,
      promptTokens: 50,
      shape: {
        vocabularySize: 49_152,
        hiddenSize: 576,
        intermediateSize: 1536,
        layers: 30,
        heads: 9,
        keyValueHeads: 3,
        headSize: 64,
        tiedEmbedding: true,
      },
      sampleRows: 64,
    },
    device: { name: 'cpu', memoryBytes: 25e9 },
  };
}
