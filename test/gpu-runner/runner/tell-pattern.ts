/** Preloaded into a runner: its engine says when a tokenizer begins to look for the pattern that never ends. */
import { isMainThread } from 'node:worker_threads';

/** As it stands in the tokenizer.json of runner.test.ts. */
const ENDLESS = '(a+)+b';

if (isMainThread && process.argv[1]?.endsWith('engine-process.ts') === true) {
  const { prototype } = RegExp;
  const own = Object.getOwnPropertyDescriptor(prototype, 'exec');
  const exec: (this: RegExp, text: string) => RegExpExecArray | null = own?.value;
  Object.defineProperty(prototype, 'exec', {
    ...own,
    value(this: RegExp, text: string) {
      if (this.source.includes(ENDLESS) && text.includes('aaaa')) console.error('the pattern runs');
      return exec.call(this, text);
    },
  });
}
