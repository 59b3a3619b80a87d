/** An address that no page has. */
import { A } from '@solidjs/router';
import { Empty } from '../components/feedback.tsx';
import { PageHeading } from '../components/page-heading.tsx';

export default function NotFoundPage() {
  return (
    <div class="stack">
      <PageHeading text="Not found" />
      <Empty title="Nothing has this address">
        <p>
          It may be mistyped, or what it showed is deleted. <A href="/experiments">All experiments</A>
        </p>
      </Empty>
    </div>
  );
}
