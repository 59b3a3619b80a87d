/** A process that converts one folder and prints how far its memory rose, in bytes. Arguments: folder, cache. */
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { importModel } from '../../../../gpu-runner/llama/weights/import-model.ts';
import { writeHuggingFaceFolder } from './made-up-checkpoint.ts';

const [folder = '', cacheDirectory = ''] = process.argv.slice(2);
// Everything that is loaded once, and the code compiled, is no part of the conversion.
const warmUp = { cacheDirectory: mkdtempSync(path.join(cacheDirectory, 'warm-')) };
for (let round = 0; round < 3; round++)
  await importModel(writeHuggingFaceFolder({ config: { rope_theta: 100 + round } }), warmUp);
const before = process.resourceUsage().maxRSS;
await importModel(folder, { cacheDirectory });
console.log(JSON.stringify({ risen: (process.resourceUsage().maxRSS - before) * 1024 }));
