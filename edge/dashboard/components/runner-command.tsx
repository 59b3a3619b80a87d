/** The command that starts a runner for this edge, to be copied. */
import { CopyButton } from './copy-button.tsx';

/** @param props.secret of a key with the scope runner; left out where it is not known here, and stands for itself */
export function RunnerCommand(props: { readonly secret?: string }) {
  const command = () =>
    `RLCD_EDGE_URL=${location.origin} RLCD_RUNNER_KEY=${props.secret ?? 'KEY'} npx rlcd runner`;
  return (
    <span class="row">
      <code class="anywhere">{command()}</code>
      <CopyButton text={command()} label="Copy the command" />
    </span>
  );
}
