/** Runs something again and again, never twice at once: what a cron trigger does for a Worker. */

/**
 * @param work what it throws is printed, and the next round comes all the same
 * @returns stops it; resolves when the round under way has ended
 */
export function startTicker(work: () => Promise<void>, milliseconds: number): () => Promise<void> {
  let running: Promise<void> | undefined;
  const round = async () => {
    try {
      await work();
    } catch (error) {
      console.error(error);
    } finally {
      running = undefined;
    }
  };
  const timer = setInterval(() => {
    running ??= round();
  }, milliseconds);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
