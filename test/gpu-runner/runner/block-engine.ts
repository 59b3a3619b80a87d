/** Preloaded into a runner: keeps the main thread of its engine's process busy for ever, as a run that does not end. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.argv[1]?.endsWith('engine-process.ts') === true) {
  process.once('worker', (thread) => {
    thread.once('online', () => {
      console.error('the engine works');
      for (;;);
    });
  });
}
