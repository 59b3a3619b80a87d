/** A scorer at work: its numbers in the memory of a WASM instance of its own. */
import {
  familiarityWarnings,
  probabilityAgainstBase,
  probabilityOfFirst,
  type Calibration,
} from '../../shared/scoring/calibration.ts';
import { countSeen, featuresOf, MAXIMUM_WORDS, type ScoredText } from '../../shared/scoring/features.ts';
import { readScorer } from './read-scorer.ts';
import { ScorerFileError } from './scorer-file-error.ts';

export interface Score {
  readonly score: number;
  /** That the text is better than one of the base model's own. */
  readonly probability: number;
  readonly warnings: string[];
}

interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly configure: (dimension: number, hidden: number, dense: number, work: number) => void;
  readonly score: (rows: number, responses: number, prompts: number) => number;
}

const PAGE = 65_536;
/** Rows of a response and of a prompt, at most: two kinds of words and of pairs, the last places; words and pairs. */
const MAXIMUM_FEATURES = 7 * MAXIMUM_WORDS;

export class Scorer {
  readonly #kernel: Kernel;
  /** Where the kernel reads the rows of a text. */
  readonly #rows: number;
  readonly calibration: Calibration;
  readonly #seenWords: Uint8Array;

  /**
   * @param kernel of kernel.wat
   * @throws ScorerFileError where the file is no scorer, or does not give a finite score
   */
  constructor(kernel: WebAssembly.Module, file: Uint8Array) {
    const { table, dense, dimension, hidden, calibration, seenWords } = readScorer(file);
    const { exports } = new WebAssembly.Instance(kernel);
    this.#kernel = exports as unknown as Kernel;
    this.calibration = calibration;
    this.#seenWords = seenWords;
    const denseStart = 4 * table.length;
    // The work area begins on a multiple of 16, where vectors are read fastest.
    const work = Math.ceil((denseStart + 4 * dense.length) / 16) * 16;
    this.#rows = work + 4 * (2 * dimension + hidden);
    const { memory } = this.#kernel;
    memory.grow(Math.ceil((this.#rows + 4 * MAXIMUM_FEATURES) / PAGE) - memory.buffer.byteLength / PAGE);
    new Float32Array(memory.buffer, 0, table.length).set(table);
    new Float32Array(memory.buffer, denseStart, dense.length).set(dense);
    this.#kernel.configure(dimension, hidden, denseStart, work);
    const { score } = this.score({ prompt: 'One day', response: 'they were kind.' });
    if (!Number.isFinite(score)) throw new ScorerFileError(`it gives a plain text the score ${score}`);
  }

  score(text: ScoredText): Score {
    const { response, prompt, words } = featuresOf(text);
    const rows = new Uint32Array(this.#kernel.memory.buffer, this.#rows, response.length + prompt.length);
    rows.set(response);
    rows.set(prompt, response.length);
    const score = this.#kernel.score(this.#rows, response.length, prompt.length);
    return {
      score,
      probability: probabilityAgainstBase(score, this.calibration),
      warnings: familiarityWarnings(
        { words: words.length, known: countSeen(this.#seenWords, words) },
        this.calibration,
      ),
    };
  }

  /** That the response of the first score is the better one. */
  probabilityOfFirst(first: Score, second: Score): number {
    return probabilityOfFirst(first.score, second.score, this.calibration);
  }
}
