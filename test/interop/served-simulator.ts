/**
 * llama.cpp's own server simulates for a small story model, end to end: once unbroken, once with the runner killed by
 * SIGKILL in between. A proxy before the server counts what is asked.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { simulateResult } from '../../shared/api/tasks/simulate.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { freePort } from '../../scripts/processes/free-port.ts';
import { createWorld, QUICK } from '../end-to-end/world.ts';
import { interpreterOf } from '../python-environment.ts';

interface Counted {
  readonly url: string;
  /** Answers by the request's body. */
  readonly answers: Map<string, number>;
  /** Told of every request before it goes on, with the answers so far; false: it is left unanswered. */
  onRequest: (answers: number) => boolean;
  close(): void;
}

async function startServer(interpreter: string, model: string): Promise<{ url: string; close: () => void }> {
  const port = await freePort();
  const words = ['--model', model, '--model_alias', 'served', '--host', '127.0.0.1', '--port', String(port)];
  const server = spawn(
    interpreter,
    [
      '-m',
      'llama_cpp.server',
      ...words,
      '--n_ctx',
      '1024',
      '--interrupt_requests',
      'false',
      // More threads wait for each other where the machine has other work.
      '--n_threads',
      '1',
      '--n_threads_batch',
      '1',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  process.on('exit', () => server.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
    const answer = await fetch(`${url}/v1/models`).catch(() => null);
    if (answer?.ok) return { url, close: () => server.kill('SIGKILL') };
    await sleep(200);
  }
}

/** Passes every request on, and counts the answers that came back. */
async function startCounter(target: string): Promise<Counted> {
  const answers = new Map<string, number>();
  const counted: Counted = { url: '', answers, onRequest: () => true, close: () => {} };
  const proxy = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const pass = async (): Promise<void> => {
        if (!counted.onRequest([...answers.values()].reduce((sum, count) => sum + count, 0))) return;
        const body = Buffer.concat(chunks).toString();
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(target + (request.url ?? ''), { method: 'POST', headers, body });
        const text = await answer.text();
        if (answer.ok) answers.set(body, (answers.get(body) ?? 0) + 1);
        response.writeHead(answer.status, headers).end(text);
      };
      void pass();
    });
  });
  const port = await freePort();
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  return Object.assign(counted, {
    url: `http://127.0.0.1:${port}/v1`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  });
}

/** A whole RLCD run; the runner dies after so many answers, if after any, and another takes its place. */
async function align(policy: string, counted: Counted, killAfter: number | null) {
  const world = await createWorld({ model: policy });
  try {
    await world.client.createBaseModel({
      body: { kind: 'served', name: 'elsewhere', url: counted.url, model: 'served', contextLength: 1024 },
    });
    const id = await world.submit({
      simulator: 'elsewhere',
      hyperparameters: {
        ...QUICK,
        simulate: { maximumNewTokens: 32, promptLimit: 6 },
        ppo: { ...QUICK.ppo, klCoefficients: [0.1], steps: [2] },
      },
    });
    const runner = await world.run('runner');
    if (killAfter !== null) {
      // While a question is on its way: what was answered is kept, and the server has not seen the next one.
      counted.onRequest = (answers) => {
        if (answers === killAfter) runner.kill('SIGKILL');
        return answers < killAfter;
      };
      await runner.exited;
      counted.onRequest = () => true;
      await world.run('runner');
    }
    for (;;) {
      const experiment = await world.client.getExperiment({ parameters: { experimentId: id } });
      if (!['queued', 'running'].includes(experiment.status)) {
        if (experiment.status !== 'succeeded') throw new Error(experiment.statusReason ?? experiment.status);
        const { tasks } = await world.client.getLineage({ parameters: { experimentId: id } });
        const result = simulateResult.parse(experiment.results['simulate']?.[0]);
        return {
          outputs: tasks.flatMap(({ stage, outputs }) => outputs.map(({ sha256 }) => `${stage} ${sha256}`)),
          result,
        };
      }
      await sleep(200);
    }
  } finally {
    await world.close();
  }
}

const command = createCommand(
  'node test/interop/served-simulator.ts',
  "Has llama.cpp's server simulate for a small model, kills the runner in between, and compares with an unbroken run.",
)
  .requiredOption('--environment <folder>', 'a virtual environment with llama-cpp-python[server]')
  .requiredOption('--gguf <file>', 'the model that the server runs')
  .requiredOption('--policy <file>', 'the model that is aligned, as --model takes it')
  .option('--kill-after <n>', 'answers after which the runner is killed', wholeNumber(1), 5)
  .action(async ({ environment, gguf, policy, killAfter }) => {
    const interpreter = await interpreterOf(environment);
    const found = [];
    for (const kill of [null, killAfter]) {
      const server = await startServer(interpreter, gguf);
      const counted = await startCounter(server.url);
      process.env['RLCD_SERVED_HOSTS'] = new URL(counted.url).origin;
      process.env['RLCD_SERVED_CONCURRENCY'] = '1';
      const started = Date.now();
      try {
        const { outputs, result } = await align(policy, counted, kill);
        const answers = [...counted.answers.values()];
        found.push({
          killedAfter: kill,
          seconds: (Date.now() - started) / 1000,
          pairs: result.pairs,
          served: result.served,
          distinctRequests: answers.length,
          answered: answers.reduce((sum, count) => sum + count, 0),
          outputs,
        });
      } finally {
        counted.close();
        server.close();
      }
    }
    const [unbroken, broken] = found;
    const sameBytes = JSON.stringify(unbroken?.outputs) === JSON.stringify(broken?.outputs);
    console.log(JSON.stringify({ sameBytes, runs: found }, null, 2));
    if (!sameBytes) process.exitCode = 1;
  });

if (import.meta.main) await runCommand(command);
