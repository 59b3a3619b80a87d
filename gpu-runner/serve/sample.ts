/** One request to a served model: its prompt to tokens, its answers told as they are drawn. */
import { UserError } from '../../shared/user-error.ts';
import type { DrawnTokens } from '../llama/sampler/rollout.ts';
import { AnswerText } from './answer-text.ts';
import { type Delta, type SamplingJob, USUAL_NEW_TOKENS, type Usage } from './sampling-calls.ts';
import type { OpenModel } from './served-models.ts';

/** The prompt cannot be answered by this model. */
export class PromptRefusedError extends UserError {
  override readonly name = 'PromptRefusedError';
  override readonly code: string;

  constructor(
    fault: string,
    code: 'context-length-exceeded' | 'no-chat-template' | 'bad-input',
    cure: string,
  ) {
    super(fault, { cure });
    this.code = code;
  }
}

interface Answer {
  readonly text: AnswerText;
  tokens: number;
  finish: Delta['finish'];
}

/**
 * Samples all choices of a job. Equal jobs give equal deltas, whoever else is served meanwhile.
 *
 * @param tell called with what the answers have more, after each run of the engine
 * @param signal ends it between two runs
 * @throws PromptRefusedError, ChatTemplateError before anything is sampled; the signal's reason
 */
export async function sampleJob(
  open: OpenModel,
  job: SamplingJob,
  tell: (deltas: readonly Delta[]) => void,
  signal: AbortSignal,
): Promise<Usage> {
  const { model, sampler, vector } = open;
  const { tokenizer } = model;
  const prompt = promptTokens(open, job);
  const limit = newTokensOf(open, job, prompt.length);
  const answers = Array.from({ length: job.choices }, (): Answer => {
    return { text: new AnswerText(tokenizer, prompt, job.stops), tokens: 0, finish: null };
  });
  // Every answer ended by a stop text: what the engine would still draw belongs to nobody.
  const enough = new AbortController();
  const ends = new Set(model.architecture.eosTokens);
  const onTokens = (drawn: readonly DrawnTokens[]): void => {
    const deltas = drawn.flatMap(({ row, tokens, logProbabilities }) => {
      const answer = answers[row];
      if (answer === undefined || answer.finish !== null) return [];
      return [take(answer, row, tokens, logProbabilities, limit, ends)];
    });
    tell(deltas);
    if (answers.every(({ finish }) => finish !== null)) enough.abort(ENOUGH);
  };
  try {
    await sampler.sample(
      {
        prompts: answers.map(() => prompt),
        rowIds: answers.map((_, row) => row),
        maximumNewTokens: limit,
        seed: job.seed,
        // The likeliest token is the same at any temperature.
        ...(job.temperature === 0 ? { topK: 1 } : { temperature: job.temperature, topP: job.topP }),
      },
      vector,
      { signal: AbortSignal.any([signal, enough.signal]), onTokens },
    );
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  return {
    promptTokens: prompt.length,
    completionTokens: answers.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

const ENOUGH = new Error('every answer has ended');

function take(
  answer: Answer,
  choice: number,
  tokens: readonly number[],
  logProbabilities: readonly number[],
  limit: number,
  ends: ReadonlySet<number>,
): Delta {
  answer.tokens += tokens.length;
  const ended = ends.has(tokens.at(-1) ?? -1);
  const full = answer.tokens >= limit;
  // The end token ends the answer and is no part of it.
  const spoken = ended ? tokens.slice(0, -1) : tokens;
  const { stopped, ...told } = answer.text.push(spoken, logProbabilities, ended || full);
  if (stopped || ended) answer.finish = 'stop';
  else if (full) answer.finish = 'length';
  return { choice, ...told, finish: answer.finish };
}

/** @throws PromptRefusedError for messages to a model without a template, and for a text without a token */
export function promptTokens(
  { template, model: { tokenizer } }: OpenModel,
  { prompt }: Pick<SamplingJob, 'prompt'>,
): Int32Array {
  if ('messages' in prompt) {
    if (template === null) {
      throw new PromptRefusedError(
        'this model has no chat template',
        'no-chat-template',
        "Ask for completions of a text (/v1/completions), or put the model's chat_template.jinja beside its tokenizer.json",
      );
    }
    return template.encode(prompt.messages, { generationPrompt: true });
  }
  // A raw text may say a template's own tokens: whoever asks for completions writes the whole of it.
  const tokens = tokenizer.encode(prompt.text, { bos: tokenizer.startsWithBos });
  if (tokens.length > 0) return tokens;
  throw new PromptRefusedError('prompt has no token', 'bad-input', 'Begin with a word at least');
}

function newTokensOf({ contextLength }: OpenModel, job: SamplingJob, prompt: number): number {
  const room = contextLength - prompt;
  const wanted = job.maximumNewTokens;
  if (room >= Math.max(1, wanted ?? 1)) return wanted ?? Math.min(room, USUAL_NEW_TOKENS);
  throw new PromptRefusedError(
    `the prompt has ${prompt} tokens${wanted === null ? '' : ` and may be answered by ${wanted}`}, the context holds ${contextLength}`,
    'context-length-exceeded',
    'Shorten the prompt or ask for fewer tokens (max_tokens)',
  );
}
