/** Sampling for the algorithms: the engine's sampler, and the same tokens' log-probabilities under the base. */
import { NEXT_TURN } from '../../shared/dialogue/terminal-text.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import type { Model } from '../llama/weights/model.ts';
import type { Rollout, SampleHooks } from '../llama/sampler/rollout.ts';
import { type EndAutomaton, endTokensAutomaton, textAutomaton } from '../llama/sampler/end-automaton.ts';
import { Sampler } from '../llama/sampler/sampler.ts';
import type { AdapterLayout } from '../llama/model/lora-layout.ts';
import { sequenceOf } from '../llama/model/sequence.ts';
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import type { Generation, GenerationRequest } from './generation.ts';
import { ReferenceModel } from './reference-model.ts';
import { tokenTextReader } from './response-text.ts';

export interface GeneratorOptions {
  readonly model: Model;
  /** Adapters that sample side by side; left out, the base samples alone. */
  readonly adapters?: { readonly layout: AdapterLayout; readonly groups: number };
  readonly promptForm: PromptForm;
  readonly temperature: number;
  readonly topP: number;
  readonly maximumNewTokens: number;
  readonly bannedTokens: readonly number[];
  readonly seed: number;
  /** Longest prompt and response together, in tokens. */
  readonly maximumTime: number;
  /** Temperature of the base's log-probabilities: the sampling one for a KL, 1 for a perplexity. */
  readonly referenceTemperature: number;
  /** False leaves the base's log-probabilities out (empty), where nothing reads them. */
  readonly withReference: boolean;
  /** Rows of one engine run, all groups together, when sampling and when scoring. */
  readonly sampleRows: number;
  readonly scoreRows: number;
  /** Called after each run of the engine that samples. */
  readonly onDrawn?: (drawn: Drawn) => void;
}

/** How far the answers that were asked for together are. */
export interface Drawn {
  readonly answers: number;
  /** 0 to 1 of all of them, each taken to be as long as it may be. */
  readonly share: number;
  /** Of each of those under way. */
  readonly tokens: number;
  readonly ofAtMost: number;
}

/** An open sampler. A row's tokens depend on (seed, stream), its prompt and its adapter, not on what else is sampled. */
export class Generator {
  readonly #options: GeneratorOptions;
  readonly #sampler: Sampler;
  readonly #reference: ReferenceModel | null;
  readonly #ends: EndAutomaton;

  private constructor(options: GeneratorOptions, sampler: Sampler, reference: ReferenceModel | null) {
    this.#options = options;
    this.#sampler = sampler;
    this.#reference = reference;
    this.#ends = endsOf(options.model, options.promptForm);
  }

  static async open(options: GeneratorOptions): Promise<Generator> {
    const { model, adapters, maximumTime, withReference } = options;
    const sampler = await Sampler.open({
      backend: model.backend,
      ...(adapters === undefined ? {} : { adapters }),
      maximumPositions: maximumTime,
      rows: options.sampleRows,
    });
    const reference = withReference
      ? await ReferenceModel.open(model, {
          scoring: 'tokens',
          maximumTime,
          temperature: options.referenceTemperature,
          microbatchRows: options.scoreRows,
        })
      : null;
    return new Generator(options, sampler, reference);
  }

  /** One response per request by the base, or by the one adapter the generator was opened for. */
  async generate(
    requests: readonly GenerationRequest[],
    signal: AbortSignal,
    vector?: Float32Array,
  ): Promise<Generation[]> {
    const [generations = []] = await this.generateGroups(vector, [requests], signal);
    return generations;
  }

  /** See GenerateGroups: each group's requests are answered by its adapter. */
  async generateGroups(
    vectors: Float32Array | undefined,
    groups: readonly (readonly GenerationRequest[])[],
    signal: AbortSignal,
  ): Promise<Generation[][]> {
    const [first = []] = groups;
    if (groups.some((group) => group.length !== first.length)) {
      throw new AlgorithmInputError('every group needs equally many requests');
    }
    const perGroup = Math.max(1, Math.floor(this.#options.sampleRows / groups.length));
    const answers = groups.length * first.length;
    const out: Generation[][] = groups.map(() => []);
    for (let start = 0; start < first.length; start += perGroup) {
      const part = groups.map((group) => group.slice(start, start + perGroup));
      const requests = part.flat();
      const rollout = await this.#sample(vectors, requests, signal, ({ steps, ofAtMost }) => {
        const done = start * groups.length + requests.length * (steps / ofAtMost);
        this.#options.onDrawn?.({ answers, share: done / answers, tokens: steps, ofAtMost });
      });
      const rows = requests.map(({ promptTokens }, row) => rowOf(rollout, row, promptTokens));
      const sequences = rows.map(({ sequence }) => sequence);
      const references = (await this.#reference?.logProbabilities(sequences, signal)) ?? [];
      rows.forEach((row, place) => {
        const referenceLogProbabilities = references[place] ?? new Float32Array();
        out[Math.floor((place * part.length) / rows.length)]?.push({ ...row, referenceLogProbabilities });
      });
    }
    return out;
  }

  async close(): Promise<void> {
    await this.#sampler.close();
    await this.#reference?.close();
  }

  async #sample(
    vectors: Float32Array | undefined,
    requests: readonly GenerationRequest[],
    signal: AbortSignal,
    onProgress: NonNullable<SampleHooks['onProgress']>,
  ): Promise<Rollout> {
    const { temperature, topP, maximumNewTokens, bannedTokens, seed } = this.#options;
    signal.throwIfAborted();
    return await this.#sampler.sample(
      {
        prompts: requests.map(({ promptTokens }) => promptTokens),
        rowIds: requests.map(({ stream }) => stream),
        maximumNewTokens,
        seed,
        temperature,
        topP,
        bannedTokens,
        ends: this.#ends,
      },
      vectors,
      { signal, onProgress },
    );
  }
}

function rowOf(
  { tokens, logProbabilities, lengths, width }: Rollout,
  row: number,
  promptTokens: Int32Array,
): Omit<Generation, 'referenceLogProbabilities'> {
  const [start, end] = [row * width, row * width + (lengths[row] ?? 0)];
  const sequence = sequenceOf(promptTokens, tokens.subarray(start, end));
  return { sequence, logProbabilities: logProbabilities.slice(start, end) };
}

/** A dialogue also ends where the other side begins to speak. */
function endsOf({ tokenizer, architecture }: Model, form: PromptForm): EndAutomaton {
  const { vocabularySize } = architecture;
  if (form !== 'dialogue') return endTokensAutomaton(tokenizer.eosTokens, vocabularySize);
  const texts = Array.from({ length: tokenizer.vocabularySize }, (_, token) => token).map(
    tokenTextReader(tokenizer),
  );
  return textAutomaton([NEXT_TURN], texts, tokenizer.eosTokens, vocabularySize);
}

/** Tokens whose text contains one of these texts. */
export function tokensContaining(tokenizer: Tokenizer, texts: readonly string[]): number[] {
  if (texts.length === 0) return [];
  return Array.from({ length: tokenizer.vocabularySize }, (_, token) => token).filter((token) => {
    const text = tokenizer.decode([token]);
    return texts.some((banned) => text.includes(banned));
  });
}
