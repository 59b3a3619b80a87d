/** What the pages compute out of what the API says. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Comparison, ExperimentDetail } from '../../../edge/dashboard/app/types.ts';
import {
  BASE,
  compareByScore,
  compareWithBase,
  judgesOf,
  mirrored,
  systemsOf,
} from '../../../edge/dashboard/pages/compare/matrix.ts';
import { overOptimised } from '../../../edge/dashboard/pages/experiment/over-optimised.ts';
import { repeatCommand } from '../../../edge/dashboard/pages/experiment/request-of.ts';
import { layoutStages } from '../../../edge/dashboard/pages/experiment/stage-layout.ts';
import { agreementWithJudges, shareOfFirstSide } from '../../../edge/dashboard/pages/label/agreement.ts';

function comparison(change: Partial<Comparison>): Comparison {
  return {
    id: 'id',
    candidateId: 'c',
    promptId: '0',
    prompt: 'Once',
    firstResponse: 'kind',
    secondResponse: 'mean',
    source: 'machine',
    judge: 'sentiment',
    swapped: false,
    outcome: 'first',
    firstScore: 1,
    secondScore: 0,
    createdAt: 0,
    ...change,
  };
}

describe('win rates', () => {
  const first = {
    id: 'one',
    name: 'one',
    comparisons: [0, 1, 2, 3].map((number) =>
      comparison({
        promptId: String(number),
        firstScore: number,
        secondScore: 1,
        outcome: number > 1 ? 'first' : number < 1 ? 'second' : 'tie',
      }),
    ),
  };
  const second = {
    ...first,
    id: 'two',
    comparisons: [1, 2, 3, 4].map((number) => comparison({ promptId: String(number), firstScore: 2 })),
  };

  it('are those of the judge against the base model; the mirror is the other side', () => {
    const cell = compareWithBase(first, 'sentiment');
    expect(cell?.won).toMatchObject({ n: 4, wins: 2, losses: 1, ties: 1, rate: 0.625 });
    const other = cell && mirrored(cell);
    expect(other?.won).toMatchObject({ wins: 1, losses: 2, rate: 0.375 });
    expect(other?.won.interval.lower).toBeCloseTo(1 - (cell?.won.interval.upper ?? 0), 12);
  });

  it('between two aligned models come from the prompts that both answered', () => {
    const systems = systemsOf([first, second], 'sentiment');
    expect(systems.map(({ id }) => id)).toEqual([BASE, 'one', 'two']);
    const [, one, two] = systems;
    expect(one && two && compareByScore(one, two)?.won).toMatchObject({ n: 3, wins: 1, losses: 1, ties: 1 });
  });

  it('never join prompts that differ, or people, who give no score', () => {
    const changed = {
      ...second,
      comparisons: second.comparisons.map((item) => comparison(Object.assign({}, item, { prompt: 'x' }))),
    };
    const [, one, two] = systemsOf([first, changed], 'sentiment');
    expect(one && two && compareByScore(one, two)).toBeUndefined();
    const said = [comparison({ source: 'human', judge: 'key', firstScore: null, secondScore: null })];
    expect(judgesOf([first, { ...first, comparisons: said }])).toEqual(['people', 'sentiment']);
    expect(compareWithBase({ ...first, comparisons: said }, 'people')?.won.n).toBe(1);
    const skipped = said.map(() => comparison({ source: 'human', judge: 'key', outcome: 'skipped' }));
    expect(compareWithBase({ ...first, comparisons: skipped }, 'people')).toBeUndefined();
  });

  it('count what several people said of one prompt as one comparison, their mean', () => {
    const outcomes = {
      0: ['first', 'first', 'second', 'skipped'],
      1: ['tie', 'first'],
      2: ['second'],
    } as const;
    const comparisons = Object.entries(outcomes).flatMap(([promptId, said]) =>
      said.map((outcome, person) =>
        comparison({ promptId, outcome, source: 'human', judge: `key ${person}` }),
      ),
    );
    const won = compareWithBase({ ...first, comparisons }, 'people')?.won;
    expect(won).toMatchObject({ n: 3, wins: 0, losses: 1, ties: 2 });
    expect(won?.rate).toBeCloseTo((2 / 3 + 0.75 + 0) / 3, 12);
  });
});

describe('labels of a person', () => {
  const own = [
    comparison({ candidateId: 'a', source: 'human', outcome: 'first', swapped: false }),
    comparison({ candidateId: 'b', source: 'human', outcome: 'second', swapped: true }),
    comparison({ candidateId: 'c', source: 'human', outcome: 'second', swapped: false }),
    comparison({ candidateId: 'd', source: 'human', outcome: 'tie' }),
    comparison({ candidateId: 'e', source: 'human', outcome: 'skipped' }),
  ];
  it('agree with a judge on the pairs that both decided', () => {
    const machine = own.map(({ candidateId }) => comparison({ candidateId, outcome: 'first' }));
    expect(agreementWithJudges(own, machine)).toMatchObject([
      { judge: 'sentiment', agreed: { n: 4, accuracy: 0.25 } },
    ]);
    expect(agreementWithJudges(own, [])).toEqual([]);
    const same = own.slice(0, 1);
    expect(agreementWithJudges(same, machine)).toMatchObject([{ agreed: { n: 1 }, kappa: null }]);
  });
  it('show a taste for side A: swapped pairs count by what was seen, ties not at all', () => {
    expect(shareOfFirstSide(own)).toMatchObject({ n: 3, accuracy: 2 / 3 });
    expect(shareOfFirstSide([])).toBeNull();
  });
});

describe('an experiment', () => {
  it('has its stages behind all that they read from, each on a place of its own', () => {
    const places = layoutStages([
      { name: 'simulate', needs: [] },
      { name: 'train', needs: ['simulate'] },
      { name: 'ppo', needs: ['train'] },
      { name: 'select', needs: ['train', 'ppo'] },
      { name: 'base', needs: [] },
      { name: 'judge', needs: ['select', 'base'] },
    ]);
    expect(Object.fromEntries(places)).toEqual({
      simulate: { column: 0, row: 0 },
      train: { column: 1, row: 0 },
      ppo: { column: 2, row: 0 },
      select: { column: 3, row: 0 },
      base: { column: 0, row: 1 },
      judge: { column: 4, row: 0 },
    });
  });

  it('is over-optimised where it goes further for less', () => {
    const cell = (steps: number, meanReward: number, kl: number, half = 0.1, klCoefficient = 0.1) => ({
      klCoefficient,
      steps,
      meanReward,
      kl,
      interval: { lower: meanReward - half, upper: meanReward + half },
    });
    const table = [cell(1, 1, 1), cell(2, 0.9, 2), cell(3, 0.5, 3), cell(4, 0.4, 0.5), cell(5, 2, 9)];
    expect(table.map((row) => overOptimised(row, table))).toEqual([
      undefined,
      'likely',
      'clear',
      undefined,
      undefined,
    ]);
    expect(overOptimised(cell(9, 0, 9, 0.1, 0.2), table)).toBeUndefined();
  });

  it('is repeated by a command that a shell reads back to the same settings', () => {
    const asked = {
      name: `it's "quoted" $HOME \`x\``,
      method: 'rlcd',
      principle: { name: 'kind-stories', version: 2 },
      promptSet: { id: 'p', name: 'prompts' },
      baseModel: { id: 'b', name: 'base' },
      seed: 7,
      shards: 1,
      hyperparameters: { ppo: { steps: [2] } },
    };
    const detail = {
      ...asked,
      stages: [
        { kind: 'ppo', plannedSeconds: null },
        { kind: 'train-scorer', plannedSeconds: null },
      ],
    } as unknown as ExperimentDetail;
    const command = repeatCommand(detail, 'http://127.0.0.1:1');
    const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
    const given = execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { RLCD_KEY: 'secret' } });
    const [url, , key, , , , body] = given.split('\0');
    expect([url, key]).toEqual(['http://127.0.0.1:1/v1/experiments', 'authorization: Bearer secret']);
    expect(command).not.toContain('secret');
    expect(JSON.parse(body ?? '')).toEqual({ ...asked, promptSet: 'p', baseModel: 'b', scorer: true });
  });
});
