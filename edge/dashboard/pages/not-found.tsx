/** An address that no page has. */
import { Missing } from '../components/missing.tsx';

export default function NotFoundPage() {
  return <Missing what="page" href="/experiments" all="All experiments" />;
}
