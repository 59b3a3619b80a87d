/** Runs the commands of the transcript against an edge, and tells them with their answers as Markdown. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STEPS } from './steps.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LONGEST_ANSWER = 40;

/** One document; what ends with a newline is lines, and shown as it came. */
const isDocument = (answer: string) => answer.startsWith('{') && !answer.endsWith('\n');

/** What a stream says while there is nothing to say. */
const SILENCE = ': nothing new\n\n';

/** The answer as people read it: JSON on lines, long ones cut; secrets without their random part, streams without silences. */
function show(answer: string): string {
  const bare = answer.replaceAll(/(rlcd_[0-9a-f-]{36}_)[\w-]+/g, '$1…');
  const text = isDocument(bare) ? JSON.stringify(JSON.parse(bare), null, 2) : bare.replaceAll(SILENCE, '');
  const lines = text.trim().split('\n');
  const cut = lines.length > LONGEST_ANSWER ? [...lines.slice(0, LONGEST_ANSWER), '…'] : lines;
  return cut.join('\n');
}

/** @param path empty: the answer as a whole */
function fieldOf(answer: string, path: string): string {
  if (path === '') return answer.trim();
  let value: unknown = JSON.parse(answer);
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null)?.[name];
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error(`no ${path} in the answer: ${answer}`);
  return String(value);
}

/**
 * Runs every command, each in a shell of its own.
 *
 * @param edge where it answers, and an administrator's key of it
 * @param folder an empty folder, for what they write
 * @returns what each says, asks and was answered, as Markdown @throws Error for a command that fails
 */
export function runSteps(edge: { readonly url: string; readonly key: string }, folder: string): string[] {
  const variables: Record<string, string> = { EDGE: edge.url, ADMIN: edge.key };
  return STEPS.map(({ says, command, keeps = {}, inRepository }) => {
    const { stdout, stderr, status } = spawnSync('bash', ['-euo', 'pipefail', '-c', command], {
      cwd: inRepository ? ROOT : folder,
      env: { ...process.env, RLCD_CACHE: join(folder, 'cache'), ...variables },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${command}\nended with ${status}: ${stderr}${stdout}`);
    for (const [variable, path] of Object.entries(keeps)) variables[variable] = fieldOf(stdout, path);
    const kept = Object.entries(keeps).map(
      ([variable, path]) => `\`${variable}\` is the answer${path === '' ? '' : `'s \`${path}\``}`,
    );
    const note = kept.length > 0 ? `\n${kept.join(', ')}.\n` : '';
    const form = isDocument(stdout) ? 'json' : 'text';
    const answer = stdout === '' ? '' : `\n\`\`\`${form}\n${show(stdout)}\n\`\`\`\n`;
    return `${says}\n\n\`\`\`sh\n${command}\n\`\`\`\n${answer}${note}`;
  });
}
