/** Everything the results were made of, by hash, and each artifact to download. */
import { useMutation, useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { saveResponse } from '../../app/download.ts';
import { useSession } from '../../app/session.ts';
import { Loaded, Problem } from '../../components/feedback.tsx';
import { Status } from '../../components/status.tsx';

export function Lineage(props: { readonly experimentId: string }) {
  const { client } = useSession();
  const lineage = useQuery(() => ({
    queryKey: ['experiment', props.experimentId, 'lineage'],
    queryFn: async () => {
      const answer = await client.getLineage({ parameters: { experimentId: props.experimentId } });
      return answer.tasks;
    },
  }));
  const download = useMutation(() => ({
    mutationFn: async ({ sha256, fileName }: { sha256: string; fileName: string }) => {
      await saveResponse(await client.downloadArtifact({ parameters: { sha256 } }), fileName);
    },
  }));
  return (
    <div class="stack close">
      <Show when={download.isError}>
        <Problem error={download.error} />
      </Show>
      <Loaded query={lineage} what="the lineage">
        {(tasks) => (
          <>
            <p class="small muted">
              Equal hashes are equal bytes. A task's key is made of its kind, inputs, parameters and engine
              version; what another experiment made under the same key is used again.
            </p>
            <div class="panel flush scroll" tabindex="0" role="region" aria-label="Lineage">
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">Stage</th>
                    <th scope="col">State</th>
                    <th scope="col">Task key</th>
                    <th scope="col">Reads</th>
                    <th scope="col">Makes</th>
                  </tr>
                </thead>
                <tbody>
                  <For each={tasks()}>
                    {(task) => (
                      <tr>
                        <th scope="row">
                          {task.stage} <span class="muted tiny">shard {task.shard}</span>
                        </th>
                        <td data-label="State">
                          <Status status={task.status} />
                        </td>
                        <td data-label="Task key">
                          <span class="hash" title={task.key}>
                            {task.key.slice(0, 12)}
                          </span>
                        </td>
                        <td data-label="Reads">
                          <ul>
                            <li class="hash" title={task.baseModelSha256}>
                              base model {task.baseModelSha256.slice(0, 12)}
                            </li>
                            <Show when={task.promptsSha256}>
                              {(sha256) => (
                                <li class="hash" title={sha256()}>
                                  prompts {sha256().slice(0, 12)}
                                </li>
                              )}
                            </Show>
                            <For each={task.inputs}>
                              {(input) => (
                                <li class="hash" title={input.sha256}>
                                  {input.name} {input.sha256.slice(0, 12)}
                                </li>
                              )}
                            </For>
                          </ul>
                        </td>
                        <td data-label="Makes">
                          <ul class="stack close">
                            <For each={task.outputs}>
                              {(output) => (
                                <li class="row">
                                  <button
                                    type="button"
                                    class="button small"
                                    aria-label={`Download ${output.name} of ${task.stage}`}
                                    onClick={() =>
                                      download.mutate({
                                        sha256: output.sha256,
                                        fileName: `${task.stage}-${output.name}-${output.sha256.slice(0, 12)}`,
                                      })
                                    }
                                  >
                                    Download
                                  </button>
                                  <span class="hash" title={output.sha256}>
                                    {output.name} {output.sha256.slice(0, 12)}
                                  </span>
                                </li>
                              )}
                            </For>
                          </ul>
                        </td>
                      </tr>
                    )}
                  </For>
                </tbody>
              </table>
            </div>
          </>
        )}
      </Loaded>
    </div>
  );
}
