/** What the address names and the edge does not have: a page of its own, in the dashboard's words, with a way back. */
import { A } from '@solidjs/router';
import { ApiError } from '../../../shared/api/client.ts';
import { Empty } from './feedback.tsx';
import { PageHeading } from './page-heading.tsx';

const NOT_FOUND = 404;
const INVALID_REQUEST = 400;

/** Whether the edge refused what an address names: nothing has that name, or nothing could have it. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status, errors = [] } = error.problem;
  const isOfAddress = errors.length > 0 && errors.every((field) => field.in === 'path');
  return status === NOT_FOUND || (status === INVALID_REQUEST && isOfAddress);
}

interface MissingProps {
  /** What is not there: `experiment`. */
  readonly what: string;
  /** Where one can go on instead, and what is there. */
  readonly href: string;
  readonly all: string;
}

export function Missing(props: MissingProps) {
  return (
    <div class="stack">
      <PageHeading text={`No such ${props.what}`} />
      <Empty title={`No ${props.what} has this address`}>
        <p>
          It may be mistyped, or what it showed is deleted. <A href={props.href}>{props.all}</A>
        </p>
      </Empty>
    </div>
  );
}
