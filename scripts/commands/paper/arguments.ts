/** The options of `npm run paper`. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { judgeHyperparameters } from '../../../shared/api/tasks/judge.ts';
import { UsageError } from '../../usage-error.ts';
import { SCALES, type Scale } from './settings.ts';

type Judges = z.input<typeof judgeHyperparameters>['judges'];

export interface PaperArguments {
  /** The name of a preset, or a file. */
  readonly task: string;
  /** A folder, a file, a hub id, or `bundled`. */
  readonly model: string;
  /** Undefined: the openings that ship with kind-stories. */
  readonly prompts: string | undefined;
  readonly scale: Scale;
  /** Seeds 1 to this. */
  readonly seeds: number;
  readonly plan: boolean;
  /** Undefined: a fresh folder. */
  readonly data: string | undefined;
  /** Undefined: the API's default. */
  readonly judges: Judges | undefined;
  /** Undefined: `report` in the data folder. */
  readonly report: string | undefined;
  readonly port: number;
  readonly json: boolean;
}

export const HELP = `npm run paper -- --task TASK [options]: RLCD against RLAIF, RLCD-Rescore, context distillation and the base.

Starts the edge and one runner on this machine, runs every method with every seed over the public API, compares all
systems, and writes one report as JSON, Markdown and HTML. Equal work is done once.

  --task NAME          a preset (kind-stories, harmlessness, helpfulness, outline) or a principle's JSON file
  --model PATH|ID      a folder (Hugging Face LLaMA, or one llama2.c file), a llama2.c file, or a hub id; the bundled
                       model unless given
  --prompts FILE       JSON lines of {"prompt"} or HH dialogues; needed for every task but kind-stories
  --scale S            tiny: a minute, shows that it runs; small (default): under half an hour on two cores for a model
                       of three million parameters; full: the paper's grid {0.001 ... 0.032} x {20, 40, 60, 80}
  --judges JSON        judges beside or instead of the lexicon, as the API takes them: ["sentiment", {"kind": ...}]
  --seeds N            seeds 1 to N (default 3)
  --plan               prints what it would cost (tokens, time, memory) and runs nothing
  --data FOLDER        keeps everything there, and goes on where a run in it was stopped; a fresh folder unless given
  --report FOLDER      where the report goes; "report" in the data folder unless given
  --port N             port of the edge (default: any free one)
  --json               prints the report (or the plan) as one JSON document; progress goes to standard error
  --help               this text`;

const OPTIONS = {
  task: { type: 'string' },
  model: { type: 'string', default: 'bundled' },
  prompts: { type: 'string' },
  scale: { type: 'string', default: 'small' },
  seeds: { type: 'string', default: '3' },
  plan: { type: 'boolean', default: false },
  data: { type: 'string' },
  judges: { type: 'string' },
  report: { type: 'string' },
  port: { type: 'string', default: '0' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const MAXIMUM_SEEDS = 100;

/**
 * @returns undefined where help is asked for
 * @throws UsageError naming the option and what it takes
 */
export function readArguments(given: readonly string[]): PaperArguments | undefined {
  let parsed;
  try {
    parsed = parseArgs({ args: [...given], options: OPTIONS, strict: true });
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message}; npm run paper -- --help lists the options`, { cause });
  }
  const { values } = parsed;
  if (values.help) return undefined;
  const { task, prompts } = values;
  if (task === undefined)
    throw new UsageError('--task is missing: name a preset such as kind-stories, or a file');
  if (task !== 'kind-stories' && prompts === undefined) {
    throw new UsageError(`--prompts is missing: the task ${task} brings no prompts, give a file of them`);
  }
  const scale = SCALES.find((one) => one === values.scale);
  if (scale === undefined)
    throw new UsageError(`--scale ${values.scale} is unknown: use ${SCALES.join(' or ')}`);
  return {
    task,
    model: values.model,
    prompts,
    scale,
    seeds: wholeNumber('seeds', values.seeds, 1, MAXIMUM_SEEDS),
    plan: values.plan,
    data: values.data,
    judges: values.judges === undefined ? undefined : readJudges(values.judges),
    report: values.report,
    port: wholeNumber('port', values.port, 0, 65_535),
    json: values.json,
  };
}

function readJudges(text: string): Judges {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--judges is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = judgeHyperparameters.safeParse({ judges: value });
  if (!parsed.success) throw new UsageError(`--judges: ${z.prettifyError(parsed.error)}`);
  return parsed.data.judges;
}

function wholeNumber(option: string, value: string, minimum: number, maximum: number): number {
  const number = /^\d{1,6}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= minimum && number <= maximum)) {
    throw new UsageError(`--${option} ${value} must be a whole number from ${minimum} to ${maximum}`);
  }
  return number;
}

/** The command that runs the same again; where things are kept does not belong to it. */
export function commandOf({ task, model, prompts, scale, seeds, judges }: PaperArguments): string {
  const options = [
    `--task ${task}`,
    ...(model === 'bundled' ? [] : [`--model ${model}`]),
    ...(prompts === undefined ? [] : [`--prompts ${prompts}`]),
    `--scale ${scale}`,
    `--seeds ${seeds}`,
    ...(judges === undefined ? [] : [`--judges '${JSON.stringify(judges)}'`]),
  ];
  return `npm run paper -- ${options.join(' ')}`;
}
