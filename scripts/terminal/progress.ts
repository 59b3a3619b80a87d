/** Shows stages as they go: bars that are drawn over on a terminal, lines elsewhere. */
import { styleText } from 'node:util';
import { printable } from './printable.ts';

const BAR = 24;
/** Elsewhere than on a terminal a stage gets a line at each of these shares. */
const SHARES = [0.25, 0.5, 0.75];

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
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  show(stages: readonly StageView[]): void;
}

export function createProgress(output: ProgressOutput): Progress {
  return output.isTTY === true ? new Bars(output) : new Lines(output);
}

function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const MARKS = { waiting: '·', running: '▸', succeeded: '✓', failed: '✗', cancelled: '✗' } as const;
const COLOURS = {
  waiting: 'dim',
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'red',
} as const;

/** One line: mark, name, bar, share, counts and figures, time. */
function drawStage({ name, status, share, detail, seconds }: StageView, width: number): string {
  const filled = Math.round(share * BAR);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
  const percent = `${Math.round(share * 100)} %`.padStart(5);
  const line = `${MARKS[status]} ${name.padEnd(23)}${bar} ${percent}  ${duration(seconds).padEnd(12)}${detail}`;
  return line.slice(0, width - 1);
}

class Bars implements Progress {
  readonly #output: ProgressOutput;
  #drawn = 0;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(stages: readonly StageView[]): void {
    const width = this.#output.columns ?? 100;
    const lines = stages.map((stage) => {
      const line = drawStage({ ...stage, detail: printable(stage.detail) }, width);
      return `\u001B[2K${styleText(COLOURS[stage.status], line, { validateStream: false })}\n`;
    });
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A` : '';
    this.#output.write(up + lines.join(''));
    this.#drawn = stages.length;
  }
}

class Lines implements Progress {
  readonly #output: ProgressOutput;
  readonly #told = new Map<string, string>();

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(stages: readonly StageView[]): void {
    for (const stage of stages) {
      if (stage.status === 'waiting') continue;
      const quarter = SHARES.filter((share) => stage.share >= share).length;
      const state = stage.status === 'running' ? `running ${quarter}` : stage.status;
      if (this.#told.get(stage.name) === state) continue;
      this.#told.set(stage.name, state);
      const share = `${Math.round(stage.share * 100)} %`.padStart(5);
      const line = [share, duration(stage.seconds), printable(stage.detail)].filter(Boolean).join('  ');
      this.#output.write(`${stage.name}: ${stage.status} ${line}\n`);
    }
  }
}
