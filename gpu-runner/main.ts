/** The runner: takes tasks from the edge, works on them in the engine's process, and reports. `--help` says how. */
import { parseArgs } from 'node:util';
import { explain } from '../shared/explain.ts';
import { claimLoop } from './runner/claim-loop.ts';
import { helpText, readConfiguration } from './runner/configuration.ts';
import { chooseDevice, type ChosenDevice, deviceChoice } from './runner/device.ts';
import { Edge } from './runner/edge.ts';
import { Engine } from './runner/engine.ts';
import { Pulse } from './runner/health.ts';
import { PLAN_OPTIONS, planCommand } from './runner/plan-command.ts';
import { openRunnerId } from './runner/runner-id.ts';
import { describeModel } from './tasks/open-base-model.ts';

const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

async function work({ device, reason }: ChosenDevice): Promise<void> {
  const { RLCD_EDGE_URL, RLCD_RUNNER_KEY, RLCD_RUNNER_NAME, RLCD_CACHE, RLCD_IDLE_SECONDS, RLCD_LAUNCH_ID } =
    readConfiguration(process.env);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log(`${signal}: hands back what is running and ends`);
      stop.abort(new Error(signal));
    });
  }
  log(`device ${device}: ${reason}`);
  const engine = new Engine(RLCD_CACHE, device);
  const id = await openRunnerId(RLCD_CACHE);
  const pulse = new Pulse(RLCD_CACHE);
  /** A health check that fails is no reason to lose work. */
  const onAnswer = async (): Promise<void> => {
    await pulse.beat().catch((error: unknown) => log(`health cannot be told: ${String(error)}`));
  };
  log(`runner ${RLCD_RUNNER_NAME} asks ${RLCD_EDGE_URL} for work`);
  try {
    await claimLoop({
      edge: new Edge({
        baseUrl: RLCD_EDGE_URL,
        key: RLCD_RUNNER_KEY,
        log,
        onAnswer,
        patienceSeconds: RLCD_IDLE_SECONDS ?? null,
      }),
      engine,
      id,
      name: RLCD_RUNNER_NAME,
      launchId: RLCD_LAUNCH_ID,
      idleSeconds: RLCD_IDLE_SECONDS ?? null,
      stop: stop.signal,
      log,
    });
  } finally {
    await engine.close();
    await pulse.end();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      'describe-model': { type: 'string' },
      name: { type: 'string', default: 'model' },
      device: { type: 'string', default: 'auto' },
      plan: { type: 'boolean', default: false },
      ...PLAN_OPTIONS,
    },
  });
  const cache = process.env['RLCD_CACHE'] ?? '.rlcd/runner';
  const choice = deviceChoice(values.device);
  if (values.help) console.log(helpText());
  else if (values.plan) {
    const device = choice === 'auto' ? chooseDevice(choice).device : choice;
    for (const line of await planCommand(values, device, cache)) console.log(line);
  } else if (values['describe-model'] === undefined) await work(chooseDevice(choice));
  else {
    console.log(JSON.stringify(await describeModel(values.name, values['describe-model'], cache), null, 2));
  }
}

try {
  await main();
} catch (error) {
  log(explain(error));
  process.exitCode = 1;
}
