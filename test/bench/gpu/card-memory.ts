/** The highest memory of the card while a bench runs, by nvidia-smi in a process of its own, since runs block this one. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export class CardMemory {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  #peakMebibytes = 0;

  /** Begins to look, five times a second. */
  constructor() {
    const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '--id=0', '-lms', '200'];
    this.#child = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) {
        const used = Number(line.trim());
        if (Number.isFinite(used)) this.#peakMebibytes = Math.max(this.#peakMebibytes, used);
      }
    });
  }

  /** Ends it. Null where nothing was seen. */
  stop(): { readonly peakBytes: number | null } {
    this.#child.kill();
    return { peakBytes: this.#peakMebibytes === 0 ? null : this.#peakMebibytes * 2 ** 20 };
  }
}
