/** `npm run transcript`: drives one experiment with curl against `npm run serve`, and writes docs/curl.md from it. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { ENGINE_VERSION } from '../../shared/engine-version.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TRANSCRIPT = join(ROOT, 'docs', 'curl.md');
const PORT = '8788';
const ADMIN = 'an-administrators-key-of-your-own-0123456789';
const LONGEST_ANSWER = 40;

interface Step {
  readonly says: string;
  readonly command: string;
  /** Variables of later commands, and the field of the answer that each takes. */
  readonly keeps?: Readonly<Record<string, string>>;
}

const COMPLETIONS = `${JSON.stringify({
  promptId: '2',
  prompt: 'Once upon a time a fox found a hat.',
  completion: ' He gave it back.',
  tokens: 6,
  ended: true,
  baseLogProbability: -9.5,
})}\n`;
const SHA256 = createHash('sha256').update(COMPLETIONS).digest('hex');
const json = `-H 'content-type: application/json'`;
const summary = '{"n":1,"mean":6,"standardDeviation":null,"minimum":6,"median":6,"maximum":6}';

/** `-d` of a document, on lines of its own. */
const data = (document: string) => `-d '${document}'`;

const STEPS: readonly Step[] = [
  { says: 'The edge answers:', command: `curl -s $EDGE/v1/health` },
  {
    says: 'A key for people and programs. Its secret is shown only now.',
    command: `curl -s $EDGE/v1/keys -H "authorization: Bearer $ADMIN" ${json} \\\n  ${data('{"name":"laptop","scopes":["client"]}')}`,
    keeps: { CLIENT: 'secret' },
  },
  {
    says: 'A key for runners:',
    command: `curl -s $EDGE/v1/keys -H "authorization: Bearer $ADMIN" ${json} \\\n  ${data('{"name":"runners","scopes":["runner"]}')}`,
    keeps: { RUNNER: 'secret' },
  },
  {
    says: 'The principle, version 1:',
    command: `curl -s $EDGE/v1/principles/kind-stories/versions -H "authorization: Bearer $CLIENT" ${json} \\
  ${data('{"description":"Stories end kindly","form":"prefix","affixPairs":[{"positive":"(a kind story)","negative":"(a mean story)"}]}')}`,
  },
  {
    says: 'Prompts, each with its split. The answer counts them and tells of duplicates and of overlap between the splits.',
    command: `printf '%s\\n' \\
  '{"prompt":"One day a bear lost a ball.","split":"train"}' \\
  '{"prompt":"Tim saw a cat in a tree.","split":"dev"}' \\
  '{"prompt":"Once upon a time a fox found a hat.","split":"test"}' |
curl -s "$EDGE/v1/prompt-sets?name=openings&rule=field" -H "authorization: Bearer $CLIENT" \\
  -H 'content-type: application/jsonl' --data-binary @-`,
  },
  {
    says: 'The base model: where runners find it, and the hash that tells it from every other.',
    command: `curl -s $EDGE/v1/base-models -H "authorization: Bearer $CLIENT" ${json} \\
  ${data(`{"name":"small","source":"bundled","weightsSha256":"${createHash('sha256').update('weights').digest('hex')}","parameterCount":15000000,"contextLength":256}`)}`,
  },
  {
    says: 'The experiment. The method `base` has one stage, so the runner of this page has one task. The key makes it safe to repeat.',
    command: `curl -s $EDGE/v1/experiments -H "authorization: Bearer $CLIENT" ${json} -H 'idempotency-key: first' \\
  ${data('{"method":"base","principle":{"name":"kind-stories","version":1},"promptSet":"openings","baseModel":"small","seed":7}')}`,
    keeps: { EXPERIMENT: 'id' },
  },
  {
    says: 'From here on curl plays the runner. It claims a task and gets a lease of 60 s:',
    command: `curl -s $EDGE/v1/tasks/claim -H "authorization: Bearer $RUNNER" ${json} \\
  ${data(`{"claimId":"5f9c1c9e-7a53-4f0e-8f1a-0a54a0f0a001","runner":{"id":"5f9c1c9e-7a53-4f0e-8f1a-0a54a0f0a002","name":"curl","engineVersion":"${ENGINE_VERSION}","device":{"processor":"a person"}}}`)}`,
    keeps: { TASK: 'task.id', EPOCH: 'task.epoch', PROMPTS: 'task.prompts.sha256' },
  },
  {
    says: 'The prompts of the task, by their hash. A runner may read what its task reads and nothing else.',
    command: `curl -s "$EDGE/v1/artifacts/$PROMPTS?taskId=$TASK" -H "authorization: Bearer $RUNNER"`,
  },
  {
    says: 'A heartbeat with progress and a metric; it keeps the lease.',
    command: `curl -s $EDGE/v1/tasks/$TASK/heartbeat -H "authorization: Bearer $RUNNER" ${json} \\
  -d "{\\"epoch\\":$EPOCH,\\"sequence\\":1,\\"progress\\":{\\"done\\":1,\\"total\\":1,\\"unit\\":\\"prompts\\"},\\"metrics\\":[{\\"name\\":\\"generate/tokens\\",\\"step\\":1,\\"value\\":6}]}"`,
  },
  {
    says: 'The completions, stored under their hash, which the edge verifies:',
    command: `printf '%s\\n' '${COMPLETIONS.trim()}' > completions.jsonl
curl -s -X PUT "$EDGE/v1/artifacts/${SHA256}?kind=completions&mediaType=application/jsonl&taskId=$TASK&epoch=$EPOCH" \\
  -H "authorization: Bearer $RUNNER" -H 'content-type: application/octet-stream' --data-binary @completions.jsonl`,
  },
  {
    says: 'The task is complete:',
    command: `curl -s $EDGE/v1/tasks/$TASK/complete -H "authorization: Bearer $RUNNER" ${json} \\
  -d "{\\"epoch\\":$EPOCH,\\"outputs\\":[{\\"name\\":\\"completions\\",\\"sha256\\":\\"${SHA256}\\"}],\\"result\\":{\\"n\\":1,\\"tokens\\":${summary.replaceAll('"', String.raw`\"`)},\\"endedShare\\":1,\\"distinct2\\":1,\\"perplexityUnderBase\\":4.9}}"`,
  },
  {
    says: 'What happened, as live events. The stream goes on after the last event a client names, without a gap, and ends with the experiment.',
    command: `curl -s -N $EDGE/v1/experiments/$EXPERIMENT/events -H "authorization: Bearer $CLIENT"`,
  },
  {
    says: 'A mistake is answered with a problem that names the field:',
    command: `curl -s $EDGE/v1/experiments -H "authorization: Bearer $CLIENT" ${json} \\
  ${data('{"method":"base","principle":{"name":"unkind","version":1},"promptSet":"openings","baseModel":"small","seed":-1}')}`,
  },
];

/** One document; what ends with a newline is lines, and shown as it came. */
const isDocument = (answer: string) => answer.startsWith('{') && !answer.endsWith('\n');

/** The answer as people read it: JSON on lines, long ones cut; secrets without their random part. */
function show(answer: string): string {
  const bare = answer.replaceAll(/(rlcd_[0-9a-f-]{36}_)[\w-]+/g, '$1…');
  const text = isDocument(bare) ? JSON.stringify(JSON.parse(bare), null, 2) : bare;
  const lines = text.trim().split('\n');
  const cut = lines.length > LONGEST_ANSWER ? [...lines.slice(0, LONGEST_ANSWER), '…'] : lines;
  return cut.join('\n');
}

function fieldOf(answer: string, path: string): string {
  let value: unknown = JSON.parse(answer);
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null)?.[name];
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error(`no ${path} in the answer: ${answer}`);
  return String(value);
}

function runSteps(folder: string): string[] {
  const variables: Record<string, string> = { EDGE: `http://127.0.0.1:${PORT}`, ADMIN };
  return STEPS.map(({ says, command, keeps = {} }) => {
    const { stdout, stderr, status } = spawnSync('bash', ['-euo', 'pipefail', '-c', command], {
      cwd: folder,
      env: { ...process.env, ...variables },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${command}\nended with ${status}: ${stderr}${stdout}`);
    for (const [variable, path] of Object.entries(keeps)) variables[variable] = fieldOf(stdout, path);
    const kept = Object.entries(keeps).map(
      ([variable, path]) => `\`${variable}\` is the answer's \`${path}\``,
    );
    const note = kept.length > 0 ? `\n${kept.join(', ')}.\n` : '';
    const form = isDocument(stdout) ? 'json' : 'text';
    return `${says}\n\n\`\`\`sh\n${command}\n\`\`\`\n\n\`\`\`${form}\n${show(stdout)}\n\`\`\`\n${note}`;
  });
}

async function writeTranscript(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-transcript-'));
  const server = spawn(process.execPath, [join(ROOT, 'edge', 'serve.ts')], {
    env: { ...process.env, RLCD_DATA: join(folder, 'data'), RLCD_ADMIN_KEY: ADMIN, PORT, HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(server.stdout, 'data');
    const steps = runSteps(folder);
    const head = `# One experiment with curl alone

Every command below was run by \`npm run transcript\` against the edge on Node, and every answer is what came back (long ones are cut, secrets shortened). Start the edge with a key of your own:

\`\`\`sh
export EDGE=http://127.0.0.1:${PORT} ADMIN=${ADMIN}
PORT=${PORT} RLCD_ADMIN_KEY=$ADMIN npm run serve
\`\`\`

`;
    const options = { ...(await resolveConfig(TRANSCRIPT)), parser: 'markdown' };
    writeFileSync(TRANSCRIPT, await format(head + steps.join('\n'), options));
    console.log(`${steps.length} commands written to docs/curl.md`);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

export const command = createCommand(
  'npm run transcript --',
  'Drives one experiment with curl against the edge on Node, and writes docs/curl.md from what came back.',
).action(writeTranscript);

if (import.meta.main) await runCommand(command);
