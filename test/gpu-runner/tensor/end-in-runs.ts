/**
 * Ends threads while the engine works in them, one after the other, and prints how many it met at work: a program of its
 * own, since what goes wrong takes the whole process along. Arguments: how many, and `terminate` to end them as nothing
 * may.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { SessionWorker } from '../../../gpu-runner/tensor/session-worker.ts';
import { slowInput, slowModel } from './slow-model.ts';

const [count = '1', how = 'close'] = process.argv.slice(2);
// Some milliseconds: long enough to be met at work, and most of them are computed to the end after all.
const model = slowModel(20);
const feeds = { x: slowInput() };
let thread: Worker | undefined;
process.on('worker', (started) => (thread = started));
let working = 0;

// A machine with other work may let a run end before its thread is ended: that one does not count.
for (let index = 0; working < Number(count); index++) {
  const worker = new SessionWorker();
  const session = await worker.open({ model }, { threads: 1 });
  // Calls are served in turn: when this one is answered, the next one begins.
  const begun = worker.request('profile', -1).catch(() => {});
  const run = session.run(feeds).then(
    () => 0,
    () => 1,
  );
  await begun;
  for (let turn = 0; turn < index % 50; turn++) await nextTurn();
  await (how === 'terminate' ? thread?.terminate() : worker.close());
  working += await run;
}
console.log(working);
