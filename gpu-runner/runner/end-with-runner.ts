/** A thread of the engine's process that kills it the moment the runner is gone, however that went. */
import { Socket } from 'node:net';
import { LIFELINE } from './engine-calls.ts';

// Nothing is ever written: the pipe closes when the process at its other end has ended.
new Socket({ fd: LIFELINE }).once('close', () => process.kill(process.pid, 'SIGKILL')).resume();
