/** How a disturbed run's evidence differs from the undisturbed one's. */
import type { Evidence } from './evidence.ts';

export interface Difference {
  /** Over all documents; a document that one run lacks counts whole. */
  readonly differingBytes: number;
  readonly differingDocuments: readonly string[];
  readonly lostMetricRows: number;
  readonly doubledMetricRows: number;
  /** Rows of another value, or that the undisturbed run has not. */
  readonly changedMetricRows: number;
}

/** Times differ from run to run; their rows must be there once all the same. */
const isTime = (key: string) => key.includes('/timing/');

export function compareEvidence(reference: Evidence, found: Evidence): Difference {
  let differingBytes = 0;
  const differingDocuments: string[] = [];
  for (const name of new Set([...reference.documents.keys(), ...found.documents.keys()])) {
    const bytes = differenceInBytes(reference.documents.get(name), found.documents.get(name));
    if (bytes === 0) continue;
    differingBytes += bytes;
    differingDocuments.push(name);
  }
  const values = new Map(reference.rows.map(({ key, value }) => [key, value]));
  const seen = new Set<string>();
  let [doubledMetricRows, changedMetricRows] = [0, 0];
  for (const { key, value } of found.rows) {
    if (seen.has(key)) doubledMetricRows += 1;
    seen.add(key);
    const wanted = values.get(key);
    if (wanted === undefined || (!isTime(key) && !Object.is(wanted, value))) changedMetricRows += 1;
  }
  const lostMetricRows = [...values.keys()].filter((key) => !seen.has(key)).length;
  return { differingBytes, differingDocuments, lostMetricRows, doubledMetricRows, changedMetricRows };
}

function differenceInBytes(a: Uint8Array = new Uint8Array(), b: Uint8Array = new Uint8Array()): number {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  let count = longer.length - shorter.length;
  for (let index = 0; index < shorter.length; index++) count += Number(shorter[index] !== longer[index]);
  return count;
}
