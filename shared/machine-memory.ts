/** The memory of the machine that asks. */
import { totalmem } from 'node:os';

/** Bytes of the machine, or of the container that it runs in where that has less. */
export function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
