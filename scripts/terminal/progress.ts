/** Shows stages as they go: bars that are drawn over on a terminal, lines elsewhere. */
import { styleText } from 'node:util';
import { duration } from '../../shared/report/figures.ts';
import { clockTime } from './clock.ts';
import { printable } from './printable.ts';

const BAR = 24;
/** On a terminal of fewer columns than this, bars are short, so that counts are seen. */
const WIDE = 100;
const SHORT_BAR = 8;
/** Elsewhere than on a terminal, what runs gets a line so often. */
const LINE_EVERY_MILLISECONDS = 30_000;

/** A stage as a person follows it. */
export interface StageView {
  readonly name: string;
  readonly status: keyof typeof MARKS;
  /** 0 to 1. */
  readonly share: number;
  /** Counts, figures, or why it waits; may be empty. */
  readonly detail: string;
  /** Undefined before it starts. */
  readonly seconds: number | undefined;
  /** When it will have ended, milliseconds since the epoch; left out where nobody can say. */
  readonly endsAt?: number | null;
}

/** All stages together, where their times were planned. */
export interface OverallView {
  readonly share: number;
  readonly endsAt: number | null;
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  show(stages: readonly StageView[], overall?: OverallView): void;
}

/** @param now milliseconds of a clock */
export function createProgress(output: ProgressOutput, now: () => number = Date.now): Progress {
  return output.isTTY === true ? new Bars(output, now) : new Lines(output, now);
}

const took = (seconds: number | undefined) => (seconds === undefined ? '' : duration(seconds));

/** `ends 20:41`; empty where nobody can say. */
function endText(endsAt: number | null | undefined, now: number): string {
  return endsAt === null || endsAt === undefined ? '' : `ends ${clockTime(endsAt, now)}`;
}

const percentText = (share: number) => `${Math.round(share * 100)} %`;

const MARKS = { waiting: '·', running: '▸', succeeded: '✓', failed: '✗', cancelled: '✗' } as const;
const COLOURS = {
  waiting: 'dim',
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'red',
} as const;

/** One line: mark, name, bar, share, time, end, counts and figures. */
function drawStage(
  { name, status, share, detail, seconds, endsAt }: StageView,
  width: number,
  now: number,
): string {
  const length = width < WIDE ? SHORT_BAR : BAR;
  const filled = Math.round(share * length);
  const bar = '█'.repeat(filled) + '░'.repeat(length - filled);
  const times = `${took(seconds).padEnd(12)}${endText(endsAt, now).padEnd(12)}`;
  const line = `${MARKS[status]} ${name.padEnd(23)}${bar} ${percentText(share).padStart(5)}  ${times}${detail}`;
  return line.slice(0, width - 1);
}

class Bars implements Progress {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #drawn = 0;

  constructor(output: ProgressOutput, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  show(stages: readonly StageView[], overall?: OverallView): void {
    const width = this.#output.columns ?? WIDE;
    const all =
      overall === undefined
        ? []
        : [{ name: 'all', status: 'running', detail: '', seconds: undefined, ...overall } as const];
    const lines = [...stages, ...all].map((stage) => {
      const line = drawStage({ ...stage, detail: printable(stage.detail) }, width, this.#now());
      return `\u001B[2K${styleText(COLOURS[stage.status], line, { validateStream: false })}\n`;
    });
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A` : '';
    this.#output.write(up + lines.join(''));
    this.#drawn = lines.length;
  }
}

class Lines implements Progress {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  readonly #told = new Map<string, StageView['status']>();
  #lastLine = Number.NEGATIVE_INFINITY;

  constructor(output: ProgressOutput, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  show(stages: readonly StageView[], overall?: OverallView): void {
    const now = this.#now();
    const due = now - this.#lastLine >= LINE_EVERY_MILLISECONDS;
    for (const stage of stages) {
      if (stage.status === 'waiting') continue;
      const told = this.#told.get(stage.name) === stage.status;
      if (told && !(due && stage.status === 'running')) continue;
      this.#told.set(stage.name, stage.status);
      this.#lastLine = now;
      this.#output.write(`${lineOf(stage, overall, now)}\n`);
    }
  }
}

function lineOf(
  { name, status, share, seconds, endsAt, detail }: StageView,
  overall: OverallView | undefined,
  now: number,
): string {
  const all =
    overall === undefined || status !== 'running'
      ? ''
      : [`all ${percentText(overall.share)}`, endText(overall.endsAt, now)].filter(Boolean).join(' ');
  const facts = [took(seconds), endText(endsAt, now), printable(detail), all];
  return [`${name}: ${status} ${percentText(share).padStart(5)}`, ...facts].filter(Boolean).join('  ');
}
