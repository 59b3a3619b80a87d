/** A Dockerfile as its instructions by stage: enough of the grammar for our own, and an error for what is not in it. */

interface Instruction {
  readonly name: string;
  /** `--from=modules` as ['from', 'modules']. */
  readonly flags: ReadonlyMap<string, string>;
  /** Without flags; the lines of a continued one joined by spaces. */
  readonly text: string;
}

interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const KNOWN = new Set(
  'FROM WORKDIR COPY RUN ENV VOLUME USER STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD ARG LABEL EXPOSE'.split(' '),
);

function readInstructions(content: string): Instruction[] {
  const lines = content.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const whole = lines
    .join('\n')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n');
  return whole.map((line) => {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (!KNOWN.has(name)) throw new SyntaxError(`not an instruction that is known here: ${line}`);
    const flags = new Map<string, string>();
    const text = rest.replace(/^(--[a-z-]+=\S+\s+)+/, (given) => {
      for (const [, flag = '', value = ''] of given.matchAll(/--([a-z-]+)=(\S+)/g)) flags.set(flag, value);
      return '';
    });
    return { name, flags, text };
  });
}

/** @throws SyntaxError for what is no Dockerfile of the known instructions */
export function parseDockerfile(content: string): Stage[] {
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of readInstructions(content)) {
    if (instruction.name === 'FROM') {
      const [image = '', as, name] = instruction.text.split(/\s+/);
      if (as !== undefined && as !== 'AS') throw new SyntaxError(`FROM ${instruction.text}`);
      stages.push({ image, name, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new SyntaxError(`${instruction.name} stands before FROM`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

/** The patterns of a .dockerignore, the last that matches decides. Knows `*`, `**`, names and folders. */
export function ignoreRule(content: string): (path: string) => boolean {
  const rules = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const keeps = line.startsWith('!');
      const parts = line.slice(keeps ? 1 : 0).split('/');
      const body = parts
        .map((part) =>
          part === '**'
            ? '(?:.+/)?'
            : `${part.replaceAll(/[.+?^$()|[\]{}\\]/g, String.raw`\$&`).replaceAll('*', '[^/]*')}/`,
        )
        .join('')
        .replace(/\/$/, '');
      return { keeps, pattern: new RegExp(`^${body}(?:/.*)?$`) };
    });
  return (path) =>
    rules.reduce((ignored, { keeps, pattern }) => (pattern.test(path) ? !keeps : ignored), false);
}
