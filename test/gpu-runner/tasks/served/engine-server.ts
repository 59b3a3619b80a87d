/** A server that speaks OpenAI's completions out of our own engine, and fails on demand: what vLLM and others are asked. */
import { createServer } from 'node:http';
import { z } from 'zod';
import { Generator } from '../../../../gpu-runner/algorithms/generator.ts';
import { ReferenceModel } from '../../../../gpu-runner/algorithms/reference-model.ts';
import { responseOf, sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import type { Model } from '../../../../gpu-runner/llama/weights/model.ts';

const question = z.strictObject({
  model: z.string(),
  prompt: z.string().optional(),
  messages: z.array(z.strictObject({ role: z.string(), content: z.string() })).optional(),
  max_tokens: z.int(),
  temperature: z.number(),
  top_p: z.number().optional(),
  seed: z.int().optional(),
  stop: z.array(z.string()).optional(),
  echo: z.boolean().optional(),
  logprobs: z.int().optional(),
});
type Asked = z.output<typeof question>;

/** What a request meets instead of an answer. */
export type Fault = 'limit' | 'cut' | 'nonsense' | 'empty' | 'redirect' | 'no-logprobs' | 'refuse' | 'slow';

export interface EngineServer {
  readonly url: string;
  /** Answered requests by their bodies. */
  readonly answered: Map<string, number>;
  /** Requests that came. */
  readonly came: () => number;
  readonly authorizations: Set<string | undefined>;
  close(): Promise<void>;
}

interface ServerOptions {
  readonly maximumNewTokens: number;
  readonly bannedTokens?: readonly number[];
  /** By the number of the request, from 1. */
  readonly fault?: (request: number) => Fault | undefined;
  /** Told after each answer, before the next is made. */
  readonly onAnswer?: (answered: number) => void;
}

const signal = new AbortController().signal;

export async function startEngineServer(model: Model, options: ServerOptions): Promise<EngineServer> {
  const {
    maximumNewTokens,
    bannedTokens = [],
    fault = () => undefined,
    onAnswer = () => undefined,
  } = options;
  const maximumTime = model.architecture.maximumPositions;
  const generator = await Generator.open({
    model,
    promptForm: 'prefix',
    temperature: 1,
    topP: 1,
    maximumNewTokens,
    bannedTokens,
    seed: 77,
    maximumTime,
    referenceTemperature: 1,
    withReference: false,
    sampleRows: 1,
    scoreRows: 1,
  });
  const reader = await ReferenceModel.open(model, { scoring: 'tokens', maximumTime, microbatchRows: 1 });
  const { tokenizer } = model;
  const encode = (text: string) => tokenizer.encode(text, { bos: tokenizer.startsWithBos });

  async function complete({ prompt, messages = [], seed = 0 }: Asked) {
    const promptTokens = encode(prompt ?? messages.map(({ content }) => content).join(' '));
    const [generation] = await generator.generate([{ promptTokens, stream: seed }], signal);
    if (generation === undefined) throw new Error('no generation');
    const tokens = responseOf(generation.sequence);
    const ended = tokenizer.eosTokens.includes(tokens.at(-1) ?? -1);
    const text = tokenizer.decodeAfter(promptTokens, tokens);
    const said = prompt === undefined ? { message: { role: 'assistant', content: text } } : { text };
    return {
      choices: [{ index: 0, ...said, finish_reason: ended ? 'stop' : 'length' }],
      usage: { prompt_tokens: promptTokens.length, completion_tokens: tokens.length, total_tokens: 0 },
    };
  }

  async function echo({ prompt = '' }: Asked, withLogprobs: boolean) {
    const all = encode(prompt);
    const begin = all.subarray(0, 1);
    const [values = new Float32Array()] = await reader.logProbabilities(
      [sequenceOf(begin, all.subarray(1))],
      signal,
    );
    const texts = [...all].map((_, place) =>
      tokenizer.decodeAfter(all.subarray(0, place), all.subarray(place, place + 1)),
    );
    let offset = 0;
    const offsets = texts.map((text) => {
      const own = offset;
      offset += Array.from(text).length;
      return own;
    });
    const logprobs = {
      tokens: texts,
      token_logprobs: [null, ...values],
      top_logprobs: null,
      text_offset: offsets,
    };
    return {
      choices: [
        { index: 0, text: prompt, finish_reason: 'length', logprobs: withLogprobs ? logprobs : null },
      ],
      usage: { prompt_tokens: all.length, completion_tokens: 1 },
    };
  }

  let came = 0;
  const answered = new Map<string, number>();
  const authorizations = new Set<string | undefined>();
  let before: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    const number = ++came;
    authorizations.add(request.headers.authorization);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const kind = fault(number);
      const send = (status: number, body: string, headers: Record<string, string> = {}) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(body);
      };
      const answer = async () => {
        if (kind === 'limit') return send(429, '{}', { 'retry-after': '0' });
        if (kind === 'cut') return request.socket.destroy();
        if (kind === 'nonsense') return send(200, '<html>no json</html>');
        if (kind === 'empty') return send(200, '{"choices":[]}');
        if (kind === 'refuse') return send(400, '{"error":"too long"}');
        if (kind === 'redirect') return send(307, '', { location: 'http://169.254.169.254/latest' });
        const asked = question.parse(JSON.parse(text));
        const said = asked.echo ? await echo(asked, kind !== 'no-logprobs') : await complete(asked);
        answered.set(text, (answered.get(text) ?? 0) + 1);
        send(200, JSON.stringify(said));
        onAnswer([...answered.values()].reduce((sum, count) => sum + count, 0));
        return undefined;
      };
      before = before.then(answer);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    answered,
    came: () => came,
    authorizations,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await before;
      await generator.close();
      await reader.close();
    },
  };
}
