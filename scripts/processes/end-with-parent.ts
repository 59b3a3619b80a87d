/**
 * Loaded into a child before its own code (`node --import`): when the parent is gone, however it went, the child is
 * asked to stop as by SIGTERM, and is killed if it does not.
 */
const GRACE_MILLISECONDS = 15_000;

process.once('disconnect', () => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MILLISECONDS).unref();
  process.kill(process.pid, 'SIGTERM');
});
process.channel?.unref();
