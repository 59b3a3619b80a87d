/** Typed errors of the tensor layer. */
import { UserError } from '../../shared/user-error.ts';

/** A graph that cannot be built, a fault of the program: the message names the operator, the shapes or types, and what is wrong. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/** A fault of the program: a value whose gradient was asked for through an operator that has no rule. */
export class GradientError extends Error {
  override readonly name = 'GradientError';
}

/** Why the engine refused: no such device, no kernel for an operator, a bad model, a failed or impossible run. */
const FAULTS = ['device', 'operator', 'model', 'run', 'closed'] as const;
export type SessionFault = (typeof FAULTS)[number];

/** The engine refused a model or a run; `fault` says of which kind, the message what to do about it. */
export class SessionError extends UserError {
  override readonly name = 'SessionError';
  readonly fault: SessionFault;

  /** The fault behind a code, which another thread has told. */
  static faultOf(code: string): SessionFault {
    return FAULTS.find((fault) => code === `engine-${fault}`) ?? 'run';
  }

  constructor(fault: SessionFault, message: string, options?: ErrorOptions) {
    const isRun = fault === 'run';
    super(message, { ...options, code: isRun ? 'unexpected' : `engine-${fault}`, retryable: isRun });
    this.fault = fault;
  }
}
