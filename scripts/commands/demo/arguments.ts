/** The options of `npm run demo`. */
import { parseArgs } from 'node:util';
import type { EdgeHost } from '../../processes/edge-process.ts';
import { UsageError } from '../../usage-error.ts';
import { SCALES, type Scale } from './settings.ts';

export interface DemoArguments {
  readonly host: EdgeHost;
  readonly scale: Scale;
  readonly seed: number;
  /** A folder, a file, a hub id, or `bundled`. */
  readonly model: string;
  /** Undefined: the openings that ship with the principle kind-stories. */
  readonly prompts: string | undefined;
  /** The name of a preset, or a file. */
  readonly principle: string;
  /** Undefined: a fresh folder. */
  readonly data: string | undefined;
  readonly port: number;
  readonly exit: boolean;
  readonly json: boolean;
}

export const HELP = `npm run demo -- [options]: aligns a language model to a principle, and shows whether it worked.

Starts the edge with an embedded store and one runner on this machine, runs RLCD and the base model over the
public API, prints the result and serves it until Ctrl-C.

  --host worker|node   worker: the Worker under wrangler's local runtime (default); node: plain Node, lighter
  --scale small|full   small: minutes on two cores, for the bundled model (default); full: under 40 minutes
  --model PATH|ID      a folder (Hugging Face LLaMA), a llama2.c file, or a hub id; the bundled model unless given
  --prompts FILE       JSON lines of {"prompt"} or HH dialogues, or stories as .txt with <|endoftext|> between them
  --principle NAME     a preset (kind-stories, harmlessness, helpfulness, outline) or a JSON file
  --seed N             equal seeds give equal results (default 1)
  --data FOLDER        keeps everything there, and goes on where a run in it was stopped; a fresh folder unless given
  --port N             port of the edge (default 8787, or any free one)
  --exit               ends after the result
  --json               prints the result as one JSON document on standard output; progress goes to standard error
  --help               this text`;

const OPTIONS = {
  host: { type: 'string', default: 'worker' },
  scale: { type: 'string', default: 'small' },
  seed: { type: 'string', default: '1' },
  model: { type: 'string', default: 'bundled' },
  prompts: { type: 'string' },
  principle: { type: 'string', default: 'kind-stories' },
  data: { type: 'string' },
  port: { type: 'string', default: '8787' },
  exit: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function oneOf<Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined)
    throw new UsageError(`--${option} ${value} is unknown: use ${choices.join(' or ')}`);
  return choice;
}

function wholeNumber(option: string, value: string, maximum: number): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= maximum)) {
    throw new UsageError(`--${option} ${value} must be a whole number from 0 to ${maximum}`);
  }
  return number;
}

/**
 * @returns undefined where help is asked for
 * @throws UsageError naming the option and what it takes
 */
export function readArguments(given: readonly string[]): DemoArguments | undefined {
  let parsed;
  try {
    parsed = parseArgs({ args: [...given], options: OPTIONS, strict: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; npm run demo -- --help lists the options`, {
      cause: error,
    });
  }
  const { values } = parsed;
  if (values.help) return undefined;
  return {
    host: oneOf('host', values.host, ['worker', 'node']),
    scale: oneOf('scale', values.scale, SCALES),
    seed: wholeNumber('seed', values.seed, Number.MAX_SAFE_INTEGER),
    model: values.model,
    prompts: values.prompts,
    principle: values.principle,
    data: values.data,
    port: wholeNumber('port', values.port, 65_535),
    exit: values.exit,
    json: values.json,
  };
}
