/** The client of an OpenAI-compatible endpoint, against a real server on this machine. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { chatEndpoint, judgeEndpoint } from '../../../../gpu-runner/tasks/judges/chat-endpoint.ts';

const QUESTION = { model: 'judge-1', system: 'Be fair.', user: 'Which?', temperature: 0, maximumTokens: 9 };
const PATIENCE = { maximumTries: 4, firstDelayMs: 1, largestDelayMs: 4, timeoutMs: 20_000 };
const KEY = 'secret-key-of-the-judge';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}
const said = (
  content: string | null,
  usage: object | undefined = { prompt_tokens: 12, completion_tokens: 3 },
): Answer => ({
  status: 200,
  body: JSON.stringify({
    id: 'x',
    choices: [{ index: 0, message: { role: 'assistant', content } }, {}],
    usage,
  }),
});

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that gives these answers in turn, the last one for ever; `null` hangs up. */
async function serve(answers: readonly (Answer | null)[]) {
  const seen: { path: string; headers: IncomingMessage['headers']; body: unknown }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      seen.push({ path: request.url ?? '', headers: request.headers, body });
      if (!answer) {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.body);
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { seen, url: `http://127.0.0.1:${port}/v1` };
}
const ask = (url: string, key: string | null = KEY, signal = new AbortController().signal) =>
  chatEndpoint({ url, key, settings: 'RLCD_JUDGE_URL and RLCD_JUDGE_KEY' }, PATIENCE)(QUESTION, signal);

describe('chat endpoint', () => {
  it('sends the question with the key, and reads answer and tokens', async () => {
    const { seen, url } = await serve([said('(B), because')]);
    expect(await ask(url)).toEqual({ text: '(B), because', retries: 0, tokens: { input: 12, output: 3 } });
    expect(seen[0]?.path).toBe('/v1/chat/completions');
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(seen[0]?.body).toEqual({
      model: 'judge-1',
      messages: [
        { role: 'system', content: 'Be fair.' },
        { role: 'user', content: 'Which?' },
      ],
      temperature: 0,
      max_tokens: 9,
    });
  });

  it('sends no key where there is none, and takes an answer without usage or content', async () => {
    const { seen, url } = await serve([
      { ...said(null), body: said(null, undefined).body.replace(/,"usage".*\}$/, '}') },
    ]);
    expect(await ask(url, null)).toEqual({ text: '', retries: 0, tokens: null });
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  it('tries again after limits, faults, lost connections and nonsense, and counts it', async () => {
    const limited = { status: 429, body: '{}', headers: { 'retry-after': '0' } };
    const { seen, url } = await serve([limited, null, { status: 200, body: 'no json' }, said('(A)')]);
    expect(await ask(url)).toMatchObject({ text: '(A)', retries: 3 });
    expect(seen).toHaveLength(4);
  });

  it('gives up after its tries, without naming the key', async () => {
    const { seen, url } = await serve([{ status: 503, body: 'busy' }]);
    const error = await ask(url).catch((fault: unknown) => fault);
    expect(String(error)).toMatch(
      /ServerUnreachableError: .* did not answer after 4 tries \(status 503 busy\)/,
    );
    expect(String(error)).not.toContain(KEY);
    expect(seen).toHaveLength(4);
  });

  it('says at once what no repetition mends', async () => {
    const { seen, url } = await serve([{ status: 401, body: 'wrong key' }]);
    const error = await ask(url).catch((fault: unknown) => fault);
    expect(String(error)).toMatch(
      /ServerRefusalError: .*status 401: wrong key. Check RLCD_JUDGE_URL and RLCD_JUDGE_KEY/,
    );
    expect(String(error)).not.toContain(KEY);
    expect(seen).toHaveLength(1);
  });

  it('stops when the task is stopped', async () => {
    const { url } = await serve([said('(A)')]);
    await expect(ask(url, KEY, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });

  it('is found in the environment, or missed by name', () => {
    expect(judgeEndpoint(undefined, { RLCD_JUDGE_URL: 'http://h/v1/', RLCD_JUDGE_KEY: '' })).toMatchObject({
      url: 'http://h/v1',
      key: null,
    });
    expect(() => judgeEndpoint(undefined, {})).toThrow(/RLCD_JUDGE_URL/);
    const url = 'https://judges.example.com/v1';
    expect(() => judgeEndpoint(url, {})).toThrow(/may not ask https:\/\/judges\.example\.com/);
    const allowed = { RLCD_SERVED_HOSTS: 'https://judges.example.com=JUDGES', JUDGES: KEY };
    expect(judgeEndpoint(url, allowed)).toMatchObject({ url, key: KEY });
  });
});
