/** `node deploy/webhook/main.ts runpod|fly|skypilot`: receives the edge's launches and starts runners there. */
import { serve } from '@hono/node-server';
import { fly } from './fly.ts';
import { required } from './provider.ts';
import { createReceiver } from './receive.ts';
import { runpod } from './runpod.ts';
import { skypilot } from './skypilot.ts';

const PROVIDERS = { runpod, fly, skypilot } as const;

const [name = ''] = process.argv.slice(2);
const provider = Object.entries(PROVIDERS).find(([one]) => one === name)?.[1];
if (provider === undefined) {
  console.error(`Usage: node deploy/webhook/main.ts ${Object.keys(PROVIDERS).join('|')}`);
  process.exit(2);
}
const receive = createReceiver({
  secret: required(process.env, 'RLCD_LAUNCH_SECRET'),
  startRunner: provider(process.env),
  log: (line) => console.log(`${new Date().toISOString()} ${line}`),
});
const server = serve(
  { fetch: receive, port: Number(process.env['PORT'] ?? 8788), hostname: process.env['HOST'] ?? '127.0.0.1' },
  ({ address, port }) => console.log(`Launches for ${name} are received at http://${address}:${port}`),
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
