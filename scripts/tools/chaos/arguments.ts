/** The options of `npm run chaos`. */
import { parseArgs } from 'node:util';
import { UsageError } from '../../usage-error.ts';

export const HELP = `npm run chaos -- [options]: kills the runner or the edge with SIGKILL at random points and proves that nothing changes.

Runs a tiny experiment once undisturbed, then again and again with kills, until there were enough of them; compares
every artifact, result and metric row of each run with the undisturbed one.

  --kills N      how many (default 20)
  --seed N       chooses victims and points (default 1)
  --model PATH   the base model (default: the bundled one)
  --data FOLDER  keeps stores and logs there; a fresh folder unless given
  --json         prints the report as one JSON document on standard output
  --help         this text`;

export interface ChaosArguments {
  readonly kills: number;
  readonly seed: number;
  readonly model: string;
  readonly data: string | undefined;
  readonly json: boolean;
}

function wholeNumber(option: string, value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw new UsageError(`--${option} ${value} must be a whole number below 10^9`);
  return Number(value);
}

/**
 * @returns undefined where help is asked for
 * @throws UsageError naming the option and what it takes
 */
export function readArguments(args: readonly string[]): ChaosArguments | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: {
        kills: { type: 'string', default: '20' },
        seed: { type: 'string', default: '1' },
        model: { type: 'string', default: 'bundled' },
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message}; npm run chaos -- --help lists the options`, { cause });
  }
  const { kills, seed, model, data, json, help } = parsed.values;
  if (help) return undefined;
  return { kills: wholeNumber('kills', kills), seed: wholeNumber('seed', seed), model, data, json };
}
