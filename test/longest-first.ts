/** The order of test files: the longest first, so that at the end no core waits for the other. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Where no run has left its durations, Vitest goes by size, project by project. What starts other programs or another
 * runtime takes the longest, however small its file.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ project, moduleId }: TestSpecification) =>
      project.name === 'workerd' || moduleId.includes('/test/end-to-end/');
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
