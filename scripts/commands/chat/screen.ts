/** Where answers appear: side by side on a wide terminal, one after the other elsewhere. */
import { styleText } from 'node:util';
import { printableLines } from '../../terminal/printable.ts';
import { textWidth, wrapText } from '../../terminal/text-width.ts';

export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Answers to one message, each under the title of its model, as they come. */
export interface Screen {
  /** Whether all models are asked at once. */
  readonly sideBySide: boolean;
  /** Begins an answer, or all of them where they stand side by side. */
  begin(titles: readonly string[]): void;
  /** @param column which of the titles */
  add(column: number, text: string): void;
  /** Nothing more comes for a column. */
  end(column: number): void;
  /** Nothing more comes at all. */
  finish(): void;
}

/** Two columns narrower than this are hard to read. */
const LEAST_COLUMN = 44;
const GAP = ' │ ';

export function createScreen(output: ScreenOutput, models: number): Screen {
  const columns = output.columns ?? 0;
  const width = Math.floor((columns - 1 - GAP.length * (models - 1)) / models);
  return output.isTTY === true && models > 1 && width >= LEAST_COLUMN
    ? new Columns(output, width)
    : new Sequence(output);
}

const title = (text: string): string => styleText('bold', printableLines(text), { validateStream: false });

/** One after the other, told as it comes. */
class Sequence implements Screen {
  readonly sideBySide = false;
  readonly #output: ScreenOutput;
  #isAtStart = true;

  constructor(output: ScreenOutput) {
    this.#output = output;
  }

  begin(titles: readonly string[]): void {
    const told = `${titles.join(', ')}:`;
    this.#output.write(`${this.#output.isTTY === true ? title(told) : printableLines(told)} `);
    this.#isAtStart = true;
  }

  add(_column: number, text: string): void {
    const told = this.#isAtStart ? text.trimStart() : text;
    if (told === '') return;
    this.#isAtStart = false;
    this.#output.write(printableLines(told));
  }

  end(): void {
    this.#output.write('\n');
  }

  finish(): void {}
}

/**
 * Side by side. Lines that no column can change any more stand; the rest is drawn over, and is never higher than the
 * terminal: a column that is far ahead waits for the other.
 */
class Columns implements Screen {
  readonly sideBySide = true;
  readonly #output: ScreenOutput;
  readonly #width: number;
  #texts: string[] = [];
  #ended: boolean[] = [];
  #standing = 0;
  #drawn = 0;

  constructor(output: ScreenOutput, width: number) {
    this.#output = output;
    this.#width = width;
  }

  begin(titles: readonly string[]): void {
    this.#texts = titles.map(() => '');
    this.#ended = titles.map(() => false);
    this.#standing = 0;
    this.#drawn = 0;
    this.#output.write(`${title(this.#row(titles))}\n`);
  }

  add(column: number, text: string): void {
    this.#texts[column] = ((this.#texts[column] ?? '') + printableLines(text)).trimStart();
    this.#draw();
  }

  end(column: number): void {
    this.#ended[column] = true;
    this.#draw();
  }

  finish(): void {
    this.#ended = this.#ended.map(() => true);
    this.#draw();
  }

  #draw(): void {
    const columns = this.#texts.map((text) => wrapText(text, this.#width));
    // The last line of a column that goes on may still grow, or be broken otherwise.
    const whole = columns.map((lines, column) =>
      this.#ended[column] === true ? Infinity : Math.max(0, lines.length - 1),
    );
    const most = Math.max(...columns.map(({ length }) => length));
    const standing = Math.max(this.#standing, Math.min(most, ...whole));
    const room = Math.max(1, (this.#output.rows ?? 24) - 3);
    const shown = Math.min(most, standing + room);
    const lines = Array.from({ length: shown - this.#standing }, (_, index) =>
      this.#row(columns.map((column) => column[this.#standing + index] ?? '')),
    );
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A` : '';
    this.#output.write(up + lines.map((line) => `\u001B[2K${line}\n`).join(''));
    this.#standing = standing;
    this.#drawn = shown - standing;
  }

  #row(cells: readonly string[]): string {
    return cells
      .map((cell, index) =>
        index === cells.length - 1 ? cell : cell + ' '.repeat(Math.max(0, this.#width - textWidth(cell))),
      )
      .join(GAP)
      .trimEnd();
  }
}
