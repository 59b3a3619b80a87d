/** A student with random numbers everywhere, so that every part of it matters. */
import { normal } from '../../../../shared/random.ts';
import { initialStudent, type Student } from '../../../../gpu-runner/algorithms/scorer/student.ts';

export function randomStudent(seed: number): Student {
  const student = initialStudent(seed, 0);
  student.table.forEach((_, index) => {
    student.table[index] = normal(seed, 1, index);
  });
  student.dense.forEach((value, index) => {
    student.dense[index] = value + 0.1 * normal(seed, 2, index);
  });
  return student;
}
