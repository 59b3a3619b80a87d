/** Closes a test run with one plain line, `N passed, N failed, N skipped`, and the reasons of what was skipped. */
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const notes = new Set<string>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state !== 'pending') count[result.state] += 1;
        if (result.state === 'skipped' && result.note !== undefined) notes.add(result.note);
      }
      if (module.errors().length > 0) count.failed += module.errors().length;
    }
    for (const note of notes) console.log(`skipped: ${note}`);
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
