/** `rlcd dev`: the Worker that would be deployed, under wrangler's local runtime with embedded D1 and R2. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { helpSection } from '../shared/command-line/help-section.ts';
import { explainVariables, readVariables } from '../shared/read-variables.ts';
import { ensureDashboard } from './hosts/build-dashboard.ts';
import { localStore, migrateLocal, WRANGLER, wranglerEnvironment } from './hosts/local-wrangler.ts';
import { requirePort } from './hosts/require-port.ts';
import { startTicker } from './hosts/ticker.ts';
import { LISTEN_VARIABLES } from './hosts/variables.ts';

/** What a user sets for the local Worker; wrangler reads it by itself only when no other file is named. */
const OWN_VARIABLES = '.dev.vars';

/** Cron triggers do not fire in the local runtime. */
const TICK_MILLISECONDS = 1000;

async function start(): Promise<void> {
  const settings = readVariables(LISTEN_VARIABLES, process.env);
  const { HOST: hostname, PORT: port, RLCD_DATA: directory, RLCD_ADMIN_KEY: given } = settings;
  await requirePort(hostname, port);
  await ensureDashboard();
  const migrated = migrateLocal(directory, 'inherit');
  if (migrated !== 0) process.exit(migrated);
  const key = given ?? randomBytes(32).toString('base64url');
  if (given === undefined) console.log(`Administrator's key (for this run): ${key}`);
  const address = ['--ip', hostname, '--port', String(port)];
  /** The key goes through a file that only this user can read: a command line is everybody's to see. */
  const secrets = mkdtempSync(path.join(tmpdir(), 'rlcd-dev-'));
  const secretsFile = path.join(secrets, 'vars');
  writeFileSync(secretsFile, `RLCD_ADMIN_KEY=${key}\n`, { mode: 0o600 });
  const own = existsSync(OWN_VARIABLES) ? ['--env-file', OWN_VARIABLES] : [];
  const server = spawn(
    process.execPath,
    [WRANGLER, 'dev', ...localStore(directory), ...address, ...own, '--env-file', secretsFile],
    { env: wranglerEnvironment, stdio: 'inherit' },
  );
  const origin = `http://${hostname}:${port}`;
  const stopTicker = startTicker(async () => {
    if (!(await answers(origin))) return;
    const response = await fetch(`${origin}/cdn-cgi/local/scheduled`);
    if (!response.ok) throw new Error(`the scheduled handler answered ${response.status}`);
  }, TICK_MILLISECONDS);
  server.once('exit', (code) => {
    rmSync(secrets, { recursive: true, force: true });
    process.exitCode = code ?? 0;
    void stopTicker();
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal));
}

/** False until the Worker is up. */
async function answers(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/v1/health`)).ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

export const command = createCommand(
  'rlcd dev',
  "The Worker that would be deployed, under wrangler's local runtime. It serves until it is stopped.",
)
  .addHelpText('after', helpSection('Environment:', explainVariables(LISTEN_VARIABLES)))
  .action(start);

if (import.meta.main) await runCommand(command);
