/** What schemathesis is told in its file: the key, which is to stand in no list of processes, and what exists. */
import type { FilledEdge } from './filled-edge.ts';

/** Of the requests that have a value which exists where one is known. */
const PROBABILITY = 0.8;
/** Live events never end; their beginning is looked at. */
const STREAM_SECONDS = 0.5;

/** @param key undefined: requests carry none @returns TOML */
export function configurationOf(values: FilledEdge['values'], key: string | undefined): string {
  const known = Object.entries(values).filter(([, list]) => list.length > 0);
  return [
    // It writes to no folder but the one of its report.
    '[generation]',
    'database = "none"',
    ...(key === undefined ? [] : ['[headers]', `Authorization = ${JSON.stringify(`Bearer ${key}`)}`]),
    ...known.flatMap(([name, list]) => [
      `[dictionaries.${JSON.stringify(name)}]`,
      `values = ${JSON.stringify(list)}`,
    ]),
    '[parameters]',
    ...known.map(
      ([name]) =>
        `${JSON.stringify(name)} = { dictionary = ${JSON.stringify(name)}, probability = ${PROBABILITY} }`,
    ),
    '[[operations]]',
    'include-tag = ["events"]',
    `request-timeout = ${STREAM_SECONDS}`,
    '',
  ].join('\n');
}
