/** The Python process that answers for transformers: server.py, one call after another. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const FOLDER = fileURLToPath(new URL('python/', import.meta.url));

const answerSchema = z.union([
  z.strictObject({ answer: z.unknown() }),
  z.strictObject({ error: z.string() }),
]);

/** Calls `run(**arguments)` of a module in test/interop/python. @throws Error with Python's traceback */
export type Python = (module: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>;

export interface PythonServer {
  readonly call: Python;
  readonly close: () => void;
}

/** Starts the process. @param interpreter the Python of the environment */
export function startPython(interpreter: string): PythonServer {
  const child = spawn(interpreter, ['server.py'], {
    cwd: FOLDER,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      OMP_NUM_THREADS: '1',
      TOKENIZERS_PARALLELISM: 'false',
      PYTHONDONTWRITEBYTECODE: '1',
      HF_HUB_OFFLINE: '1',
      HF_HUB_DISABLE_PROGRESS_BARS: '1',
      TRANSFORMERS_VERBOSITY: 'error',
    },
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = `${complaints}${chunk.toString()}`.slice(-4000);
  });
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`Python ended with ${code}: ${complaints}`)));
  });
  // Whoever waits for an answer is told; an end that nobody waits for is none of their business.
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const ask = async (module: string, args: Readonly<Record<string, unknown>>): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify({ module, arguments: args })}\n`);
    const { value, done } = await Promise.race([lines.next(), ended]);
    if (done === true) return await ended;
    const answer = answerSchema.parse(JSON.parse(value));
    if ('error' in answer) throw new Error(`${module}: ${answer.error}`);
    return answer.answer;
  };
  return {
    call: (module, args) => {
      const answer = last.then(() => ask(module, args));
      last = answer.catch(() => {});
      return answer;
    },
    close: () => child.stdin.end(),
  };
}
