/** Shows stages as they go: bars that are drawn over on a terminal, lines elsewhere. */
import { styleText } from 'node:util';
import { printable } from './printable.ts';
import { endText, percentText, stageLines, tookText, type StageView } from './stage-lines.ts';
import { textWidth } from './text-width.ts';

/** Of a terminal that does not say. */
const COLUMNS = 80;
/** Elsewhere than on a terminal, what runs gets a line so often. */
const LINE_EVERY_MILLISECONDS = 30_000;

/** All stages together, where their times were planned. */
export interface OverallView {
  readonly share: number;
  readonly endsAt: number | null;
}

/** Where progress goes: a stream of the process, or what a test reads. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Whether it shows colours; a stream of Node asks NO_COLOR, FORCE_COLOR and TERM. */
  hasColors?(): boolean;
  write(text: string): unknown;
}

export interface Progress {
  show(stages: readonly StageView[], overall?: OverallView): void;
}

/** @param now milliseconds of a clock */
export function createProgress(output: ProgressOutput, now: () => number = Date.now): Progress {
  const isDrawnOver = output.isTTY === true && process.env['TERM'] !== 'dumb';
  return isDrawnOver ? new Bars(output, now) : new Lines(output, now);
}

const COLOURS = {
  waiting: 'dim',
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'red',
} as const;

interface Drawn {
  readonly text: string;
  readonly colour: (typeof COLOURS)[keyof typeof COLOURS];
}

class Bars implements Progress {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #drawn: readonly Drawn[] = [];

  constructor(output: ProgressOutput, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  show(stages: readonly StageView[], overall?: OverallView): void {
    const { columns = COLUMNS, rows = Number.POSITIVE_INFINITY } = this.#output;
    const all =
      overall === undefined
        ? []
        : [{ name: 'all', status: 'running', detail: '', seconds: undefined, ...overall } as const];
    const lines = [...stages, ...all].flatMap((stage) =>
      stageLines(stage, columns, this.#now()).map((text) => ({ text, colour: COLOURS[stage.status] })),
    );
    const up = this.#rowsDrawn(columns);
    // More than a screen could not be drawn over.
    this.#drawn = lines.slice(-Math.max(rows - 1, 1));
    const clear = up === 0 ? '' : `\u001B[${up}A\u001B[J`;
    this.#output.write(clear + this.#drawn.map((line) => `${this.#styled(line)}\n`).join(''));
  }

  /** Rows that the lines of before take now: a terminal that became narrower has broken them. */
  #rowsDrawn(columns: number): number {
    return this.#drawn.reduce((sum, { text }) => sum + Math.max(Math.ceil(textWidth(text) / columns), 1), 0);
  }

  #styled({ text, colour }: Drawn): string {
    const isColoured = this.#output.hasColors?.() ?? false;
    return isColoured ? styleText(colour, text, { validateStream: false }) : text;
  }
}

class Lines implements Progress {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  readonly #told = new Map<string, StageView['status']>();
  #lastLine: number;

  constructor(output: ProgressOutput, now: () => number) {
    this.#output = output;
    this.#now = now;
    this.#lastLine = now();
  }

  show(stages: readonly StageView[], overall?: OverallView): void {
    const now = this.#now();
    const isDue = now - this.#lastLine >= LINE_EVERY_MILLISECONDS;
    const running = stages.filter(({ status }) => status === 'running');
    // One that is ready and waits for a runner has no time yet, and nothing new to say beside one that has.
    const begun = running.filter(({ seconds }) => seconds !== undefined);
    // Nothing runs while a runner comes up or an engine opens a model: what comes next is told then.
    const next = running[0] ?? stages.find(({ status }) => status === 'waiting');
    const due = begun.length > 0 ? begun : [next];
    for (const stage of stages) {
      const isNews = stage.status !== 'waiting' && this.#told.get(stage.name) !== stage.status;
      if (!isNews && !(isDue && due.includes(stage))) continue;
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
  const facts = [tookText(seconds), endText(endsAt, now), printable(detail), all];
  return [`${name}: ${status} ${percentText(share).padStart(5)}`, ...facts].filter(Boolean).join('  ');
}
