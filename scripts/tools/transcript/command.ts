/** `npm run transcript`: drives two experiments with curl against the edge on Node, one by a real runner, and writes docs/curl.md from it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { createCommand, runCommand } from '../../../shared/command-line/command.ts';
import { edgeUrl, startEdge } from '../../processes/edge-process.ts';
import { runSteps } from './run-steps.ts';

const TRANSCRIPT = fileURLToPath(new URL('../../../docs/curl.md', import.meta.url));
const PORT = 8788;
const ADMIN = 'an-administrators-key-of-your-own-0123456789';

const HEAD = `# Experiments with curl alone

Every command below was run by \`npm run transcript\` against the edge on Node, and every answer is what came back (long ones are cut, secrets shortened, silences of streams left out): from an empty edge to what a model wrote, first with curl in the place of a runner, then with a real one. Start the edge with a key of your own:

\`\`\`sh
export EDGE=${edgeUrl(PORT)} ADMIN=${ADMIN}
PORT=${PORT} RLCD_ADMIN_KEY=$ADMIN npm run serve
\`\`\`

`;

async function writeTranscript(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-transcript-'));
  const edge = await startEdge({ host: 'node', port: PORT, dataFolder: folder, adminKey: ADMIN });
  try {
    const steps = runSteps({ url: edgeUrl(PORT), key: ADMIN }, folder);
    const options = { ...(await resolveConfig(TRANSCRIPT)), parser: 'markdown' };
    writeFileSync(TRANSCRIPT, await format(HEAD + steps.join('\n'), options));
    console.log(`${steps.length} commands written to docs/curl.md`);
  } finally {
    await edge.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const command = createCommand(
  'npm run transcript --',
  'Drives two experiments with curl against the edge on Node, the second by a real runner, and writes docs/curl.md from what came back.',
).action(writeTranscript);

if (import.meta.main) await runCommand(command);
