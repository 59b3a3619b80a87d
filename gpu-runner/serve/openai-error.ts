/** Errors in OpenAI's form, with our code and the cure in the message. */
import type { SERVING_REFUSALS } from '../../shared/api/completions.ts';
import { withoutPlaces } from '../tasks/told-error.ts';
import { UserError } from '../../shared/user-error.ts';

type RefusalStatus = (typeof SERVING_REFUSALS)[number];

/** A request that the server refuses by itself. */
export class RequestRefusedError extends UserError {
  override readonly name = 'RequestRefusedError';
  override readonly code: string;
  readonly status: RefusalStatus;
  /** The parameter at fault; null where it is none. */
  readonly parameter: string | null;

  constructor(
    status: RefusalStatus,
    code: string,
    fault: string,
    { cure, parameter = null }: { readonly cure?: string; readonly parameter?: string | null } = {},
  ) {
    super(fault, cure === undefined ? {} : { cure });
    this.status = status;
    this.code = code;
    this.parameter = parameter;
  }
}

/** Statuses of what the engine refuses; any other fault of a person's is 400. */
const STATUSES: Readonly<Record<string, RefusalStatus>> = {
  busy: 503,
  'queue-full': 429,
  'engine-ended': 503,
  'out-of-memory': 503,
  'bad-model': 503,
};

/** The document of OpenAI's clients, and its status. */
export function toOpenaiError(error: unknown): { readonly status: RefusalStatus; readonly body: object } {
  if (!(error instanceof UserError)) {
    const message = 'The server failed; the cause is in its log';
    return { status: 500, body: { error: { message, type: 'server_error', param: null, code: 'internal' } } };
  }
  const own = error instanceof RequestRefusedError;
  const status = own ? error.status : (STATUSES[error.code] ?? 400);
  const parameter = own ? error.parameter : null;
  const { code } = error;
  const message = withoutPlaces(error.message);
  return { status, body: { error: { message, type: typeOf(status), param: parameter, code } } };
}

function typeOf(status: RefusalStatus): string {
  if (status === 401) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
