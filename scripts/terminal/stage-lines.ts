/** A stage as lines of a terminal, none wider than it is. */
import { duration } from '../../shared/report/figures.ts';
import { clockTime } from '../../shared/clock-time.ts';
import { printable } from './printable.ts';
import { fillLines, textWidth } from './text-width.ts';

/** A stage as a person follows it. */
export interface StageView {
  readonly name: string;
  readonly status: keyof typeof MARKS;
  /** 0 to 1. */
  readonly share: number;
  /** Counts, figures, or why it waits, two spaces apart; may be empty. */
  readonly detail: string;
  /** Undefined before it starts. */
  readonly seconds: number | undefined;
  /** When it will have ended, milliseconds since the epoch; left out where nobody can say. */
  readonly endsAt?: number | null;
}

const MARKS = { waiting: '·', running: '▸', succeeded: '✓', failed: '✗', cancelled: '✗' } as const;
const NAME = 23;
const TIME = 12;
const INDENT = '    ';

/** Columns of the bar by those of the terminal, so that times are seen. */
function barLength(columns: number): number {
  if (columns >= 100) return 24;
  return columns >= 72 ? 8 : 0;
}

export const tookText = (seconds: number | undefined) => (seconds === undefined ? '' : duration(seconds));

/** `ends 20:41`; empty where nobody can say. */
export function endText(endsAt: number | null | undefined, now: number): string {
  return endsAt === null || endsAt === undefined ? '' : `ends ${clockTime(endsAt, now)}`;
}

export const percentText = (share: number) => `${Math.round(share * 100)} %`;

/**
 * Mark, name, bar, share, time, end, counts and figures: on one line where they fit. What does not fit stands below while
 * the stage runs, and is left out once it has ended.
 *
 * @param now milliseconds since the epoch
 */
export function stageLines(stage: StageView, columns: number, now: number): string[] {
  const { name, status, share, seconds, endsAt } = stage;
  // The last column stays empty: some terminals begin a new line there.
  const width = Math.max(columns - 1, INDENT.length + 2);
  const length = barLength(columns);
  const filled = Math.round(share * length);
  const bar = length === 0 ? '' : `${'█'.repeat(filled)}${'░'.repeat(length - filled)} `;
  const head = `${MARKS[status]} ${name.padEnd(NAME)}${bar}${percentText(share).padStart(5)}`;
  const isOver = status !== 'running' && status !== 'waiting';
  const times = [tookText(seconds), ...(isOver ? [] : [endText(endsAt, now)])];
  const padded = `${head}  ${times.map((time) => time.padEnd(TIME)).join('')}`;
  const pieces = printable(stage.detail).split(/ {2,}/).filter(Boolean);
  const line = `${padded}${pieces.join('  ')}`.trimEnd();
  if (textWidth(line) <= width) return [line];
  const holdsTimes = textWidth(padded.trimEnd()) <= width;
  const first = holdsTimes ? padded.trimEnd() : head.slice(0, width);
  if (status !== 'running' && status !== 'failed') return [first];
  const rest = [...(holdsTimes ? [] : times.filter(Boolean)), ...pieces];
  return [first, ...fillLines(rest, width - INDENT.length).map((text) => `${INDENT}${text}`)];
}
