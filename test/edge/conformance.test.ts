/** The conformance suite on the Node host. */
import { describe } from 'vitest';
import { conformance } from './conformance/index.ts';
import { createFolder, openNodeStore } from './node-store.ts';

describe('conformance on Node', () => {
  const folder = createFolder();
  conformance(async () => openNodeStore(folder));
});
