/** A state as a word with a shape and a colour. */
import type { JSX } from 'solid-js';
import { CheckIcon, CrossIcon, RunIcon, StopIcon, WaitIcon } from './icons.tsx';

interface Look {
  readonly tone: 'good' | 'bad' | 'live' | 'idle';
  readonly icon: () => JSX.Element;
}

const good: Look = { tone: 'good', icon: CheckIcon };
const bad: Look = { tone: 'bad', icon: CrossIcon };
const running: Look = { tone: 'live', icon: RunIcon };
const idle: Look = { tone: 'idle', icon: WaitIcon };
const stopped: Look = { tone: 'idle', icon: StopIcon };

const LOOKS: Readonly<Record<string, Look>> = {
  queued: idle,
  waiting: idle,
  running,
  leased: running,
  succeeded: good,
  failed: bad,
  cancelled: stopped,
  live: good,
  gone: stopped,
  launched: good,
  refused: bad,
  skipped: stopped,
};

export function Status(props: { readonly status: string }) {
  const look = () => LOOKS[props.status] ?? idle;
  return (
    <span class="badge" data-tone={look().tone}>
      {look().icon()}
      {props.status}
    </span>
  );
}
