/** The conformance suite: the same tests on every host. A new resource adds its file here. */
import { describe } from 'vitest';
import { createHarness, type OpenStore } from '../harness.ts';
import { blobsConformance } from './blobs.ts';
import { keysConformance } from './keys.ts';
import { principlesConformance } from './principles.ts';
import { protocolConformance } from './protocol.ts';

export function conformance(open: OpenStore): void {
  const start = async () => await createHarness(open);
  describe('protocol', () => {
    protocolConformance(start, open);
  });
  describe('keys', () => {
    keysConformance(start);
  });
  describe('principles', () => {
    principlesConformance(start);
  });
  describe('blobs', () => {
    blobsConformance(start);
  });
}
