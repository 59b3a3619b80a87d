/** What is wrong with a store, in words, and what can be done about it. */
import type { OpenFolder } from './folder.ts';

export interface Repaired {
  /** As a sentence. */
  readonly did: string;
  /** Whether that is all; else the finding's cure is what is left to do. */
  readonly isMended: boolean;
}

export interface Finding {
  /** A word for programs. */
  readonly code:
    | 'database-damaged'
    | 'broken-reference'
    | 'artifact-damaged'
    | 'artifact-missing'
    | 'artifact-forgotten'
    | 'part-damaged'
    | 'blob-without-row'
    | 'half-written-file';
  /** What is wrong, and with what, as a sentence. */
  readonly found: string;
  /** What a person can do, as a sentence. */
  readonly cure: string;
  /** What `--repair` does, on a folder that no edge serves; absent where it can do nothing. */
  readonly repair?: (folder: OpenFolder, now: number) => Promise<Repaired>;
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** As people read them: 1.2 MB. */
export function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power] ?? ''}`;
}

export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
