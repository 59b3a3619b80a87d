/** The commands of docs/curl.md, in their order. */
import { createHash } from 'node:crypto';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';

/** A command of the transcript. */
export interface Step {
  readonly says: string;
  readonly command: string;
  /** Variables of later commands, and the field of the answer that each takes. */
  readonly keeps?: Readonly<Record<string, string>>;
  /** It names a program of the repository: run in its folder. */
  readonly inRepository?: true;
}

const COMPLETIONS = `${JSON.stringify({
  promptId: '2',
  prompt: 'Once upon a time a fox found a hat.',
  completion: ' He gave it back.',
  tokens: 6,
  ended: true,
  baseLogProbability: -9.5,
})}\n`;
const SHA256 = createHash('sha256').update(COMPLETIONS).digest('hex');
const json = `-H 'content-type: application/json'`;
const summary = '{"n":1,"mean":6,"standardDeviation":null,"minimum":6,"median":6,"maximum":6}';

/** `-d` of a document, on lines of its own. */
const data = (document: string) => `-d '${document}'`;

export const STEPS: readonly Step[] = [
  { says: 'The edge answers:', command: `curl -s $EDGE/v1/health` },
  {
    says: 'A key for people and programs. Its secret is shown only now.',
    command: `curl -s $EDGE/v1/keys -H "authorization: Bearer $ADMIN" ${json} \\\n  ${data('{"name":"laptop","scopes":["client"]}')}`,
    keeps: { CLIENT: 'secret' },
  },
  {
    says: 'A key for runners:',
    command: `curl -s $EDGE/v1/keys -H "authorization: Bearer $ADMIN" ${json} \\\n  ${data('{"name":"runners","scopes":["runner"]}')}`,
    keeps: { RUNNER: 'secret' },
  },
  {
    says: 'The principle, version 1:',
    command: `curl -s $EDGE/v1/principles/kind-stories/versions -H "authorization: Bearer $CLIENT" ${json} \\
  ${data('{"description":"Stories end kindly","form":"prefix","affixPairs":[{"positive":"A kind story:\\n","negative":"A mean story:\\n"}]}')}`,
  },
  {
    says: 'Prompts, each with its split. The answer counts them and tells of duplicates and of overlap between the splits.',
    command: `printf '%s\\n' \\
  '{"prompt":"One day a bear lost a ball.","split":"train"}' \\
  '{"prompt":"Tim saw a cat in a tree.","split":"dev"}' \\
  '{"prompt":"Once upon a time a fox found a hat.","split":"test"}' |
curl -s "$EDGE/v1/prompt-sets?name=openings&rule=field" -H "authorization: Bearer $CLIENT" \\
  -H 'content-type: application/jsonl' --data-binary @-`,
  },
  {
    says: 'The base model: where runners find it, and the hash that tells it from every other. A runner describes it; this one comes with rlcd.',
    command: `npx rlcd runner --describe-model bundled --name small |
curl -s $EDGE/v1/base-models -H "authorization: Bearer $CLIENT" ${json} -d @-`,
    inRepository: true,
  },
  {
    says: 'The experiment. The method `base` has one stage, so a runner has one task. The key makes it safe to repeat.',
    command: `curl -s $EDGE/v1/experiments -H "authorization: Bearer $CLIENT" ${json} -H 'idempotency-key: first' \\
  ${data('{"method":"base","principle":{"name":"kind-stories","version":1},"promptSet":"openings","baseModel":"small","seed":7}')}`,
    keeps: { EXPERIMENT: 'id' },
  },
  {
    says: 'Now curl plays the runner. It claims a task and gets a lease of 60 s:',
    command: `curl -s $EDGE/v1/tasks/claim -H "authorization: Bearer $RUNNER" ${json} \\
  ${data(`{"claimId":"5f9c1c9e-7a53-4f0e-8f1a-0a54a0f0a001","runner":{"id":"5f9c1c9e-7a53-4f0e-8f1a-0a54a0f0a002","name":"curl","engineVersion":"${ENGINE_VERSION}","device":{"processor":"a person"}}}`)}`,
    keeps: { TASK: 'task.id', EPOCH: 'task.epoch', PROMPTS: 'task.prompts.sha256' },
  },
  {
    says: 'The prompts of the task, by their hash. A runner may read what its task reads and nothing else.',
    command: `curl -s "$EDGE/v1/artifacts/$PROMPTS?taskId=$TASK" -H "authorization: Bearer $RUNNER"`,
  },
  {
    says: 'A heartbeat with progress and a metric; it keeps the lease.',
    command: `curl -s $EDGE/v1/tasks/$TASK/heartbeat -H "authorization: Bearer $RUNNER" ${json} \\
  -d "{\\"epoch\\":$EPOCH,\\"sequence\\":1,\\"progress\\":{\\"done\\":1,\\"total\\":1,\\"unit\\":\\"prompts\\"},\\"metrics\\":[{\\"name\\":\\"generate/tokens\\",\\"step\\":1,\\"value\\":6}]}"`,
  },
  {
    says: 'The completions, stored under their hash, which the edge verifies:',
    command: `printf '%s\\n' '${COMPLETIONS.trim()}' > completions.jsonl
curl -s -X PUT "$EDGE/v1/artifacts/${SHA256}?kind=completions&mediaType=application/jsonl&taskId=$TASK&epoch=$EPOCH" \\
  -H "authorization: Bearer $RUNNER" -H 'content-type: application/octet-stream' --data-binary @completions.jsonl`,
  },
  {
    says: 'The task is complete:',
    command: `curl -s $EDGE/v1/tasks/$TASK/complete -H "authorization: Bearer $RUNNER" ${json} \\
  -d "{\\"epoch\\":$EPOCH,\\"outputs\\":[{\\"name\\":\\"completions\\",\\"sha256\\":\\"${SHA256}\\"}],\\"result\\":{\\"n\\":1,\\"tokens\\":${summary.replaceAll('"', String.raw`\"`)},\\"endedShare\\":1,\\"distinct2\\":1,\\"perplexityUnderBase\\":4.9}}"`,
  },
  {
    says: 'What happened, as live events. The stream goes on after the last event a client names, without a gap, and ends with the experiment.',
    command: `curl -s -N $EDGE/v1/experiments/$EXPERIMENT/events -H "authorization: Bearer $CLIENT"`,
  },
  {
    says: 'A mistake is answered with a problem that names the field:',
    command: `curl -s $EDGE/v1/experiments -H "authorization: Bearer $CLIENT" ${json} \\
  ${data('{"method":"base","principle":{"name":"unkind","version":1},"promptSet":"openings","baseModel":"small","seed":-1}')}`,
  },
  {
    says: 'The same once more with a real runner and another seed: with the same one the work would be there already.',
    command: `curl -s $EDGE/v1/experiments -H "authorization: Bearer $CLIENT" ${json} -H 'idempotency-key: second' \\
  ${data('{"method":"base","principle":{"name":"kind-stories","version":1},"promptSet":"openings","baseModel":"small","seed":8,"hyperparameters":{"generate":{"maximumNewTokens":24}}}')}`,
    keeps: { SECOND: 'id' },
  },
  {
    says: 'The runner, on this machine or another one. It would stop by itself where nothing was to be done for a minute.',
    command: `RLCD_EDGE_URL=$EDGE RLCD_RUNNER_KEY=$RUNNER RLCD_IDLE_SECONDS=60 npx rlcd runner > /dev/null 2>&1 & echo $!`,
    keeps: { PROCESS: '' },
    inRepository: true,
  },
  {
    says: 'Its events, until the experiment has ended:',
    command: `curl -s -N $EDGE/v1/experiments/$SECOND/events -H "authorization: Bearer $CLIENT"`,
  },
  {
    says: 'What each task read and made, by its hash:',
    command: `curl -s $EDGE/v1/experiments/$SECOND/lineage -H "authorization: Bearer $CLIENT"`,
    keeps: { COMPLETIONS: 'tasks.0.outputs.0.sha256' },
  },
  {
    says: 'And the result: how the model goes on with the prompt of the test.',
    command: `curl -s $EDGE/v1/artifacts/$COMPLETIONS -H "authorization: Bearer $CLIENT"`,
  },
  { says: 'The runner hands back what it has, and stops:', command: 'kill $PROCESS' },
];
