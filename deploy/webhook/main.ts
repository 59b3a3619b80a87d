/** `node deploy/webhook/main.ts runpod|fly|skypilot`: receives the edge's launches and starts runners there. */
import { Argument } from '@commander-js/extra-typings';
import { serve } from '@hono/node-server';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { helpSection } from '../../shared/command-line/help-section.ts';
import { explainVariables, readVariables, signingSecret, wholeNumber } from '../../shared/read-variables.ts';
import { fly, FLY_VARIABLES } from './fly.ts';
import { RUNNER_VARIABLES, text } from './provider.ts';
import { createReceiver } from './receive.ts';
import { runpod, RUNPOD_VARIABLES } from './runpod.ts';
import { skypilot } from './skypilot.ts';

const PROVIDERS = { runpod, fly, skypilot } as const;

const VARIABLES = {
  RLCD_LAUNCH_SECRET: { help: "secret that signs the edge's launches (required)", schema: signingSecret(32) },
  HOST: { help: 'address at which it listens; 127.0.0.1 unless given', schema: text.default('127.0.0.1') },
  PORT: { help: 'port at which it listens; 8788 unless given', schema: wholeNumber(0, 65_535).default(8788) },
} as const;

const command = createCommand(
  'node deploy/webhook/main.ts',
  "Receives the edge's signed launches and starts a runner at a provider for each.",
)
  .addArgument(
    new Argument('<provider>', 'who starts them').choices(
      Object.keys(PROVIDERS) as (keyof typeof PROVIDERS)[],
    ),
  )
  .addHelpText('after', helpSection('Environment:', explainVariables({ ...VARIABLES, ...RUNNER_VARIABLES })))
  .addHelpText('after', helpSection('With fly:', explainVariables(FLY_VARIABLES)))
  .addHelpText('after', helpSection('With runpod:', explainVariables(RUNPOD_VARIABLES)))
  .action((provider) => {
    const { RLCD_LAUNCH_SECRET: secret, HOST: hostname, PORT: port } = readVariables(VARIABLES, process.env);
    const receive = createReceiver({
      secret,
      startRunner: PROVIDERS[provider](process.env),
      log: (line) => console.log(`${new Date().toISOString()} ${line}`),
    });
    const server = serve({ fetch: receive, port, hostname }, (bound) =>
      console.log(`Launches for ${provider} are received at http://${bound.address}:${bound.port}`),
    );
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
  });

await runCommand(command);
