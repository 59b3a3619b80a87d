/** Preloaded into a runner: at SIGUSR2 the clock by which it measures how long something takes is five hours on. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.argv[1]?.endsWith('gpu-runner/main.ts') === true) {
  const now = performance.now.bind(performance);
  let jumped = 0;
  performance.now = () => now() + jumped;
  process.on('SIGUSR2', () => {
    jumped += 5 * 3_600_000;
  });
}
