/** The card: what it says, and that nothing in it is markup or more YAML than was meant. */
import { expect, test } from 'vitest';
import { type CardEvidence, modelCard } from '../../../shared/export/model-card.ts';

const evidence: CardEvidence = {
  experiment: {
    id: 'e1',
    name: 'rlcd <img src=x onerror=alert(1)> [link](http://x)\n---\nlicense: mit',
    method: 'rlcd',
    principle: { name: 'kind-stories', version: 2 },
    promptSet: { name: 'openings' },
    seed: 7,
    verdicts: [{ judge: 'sentiment', n: 400, winRate: 0.6125, interval: { lower: 0.55, upper: 0.671 } }],
    stages: [{ name: 'ppo', parameters: { klCoefficients: [0.1], note: '```\n# heading' } }],
  },
  lineage: [
    {
      stage: 'select',
      shard: 0,
      engineVersion: '7',
      baseModelSha256: 'b'.repeat(64),
      promptsSha256: 'c'.repeat(64),
      outputs: [{ name: 'adapter', sha256: 'a'.repeat(64) }],
    },
  ],
  base: {
    heads: 4,
    keyValueHeads: 2,
    ggufArchitecture: 'llama',
    modelType: null,
    location: 'owner/base"\nlicense: mit',
    licence: null,
  },
  artifact: { stage: 'select', output: 'adapter', sha256: 'a'.repeat(64) },
  form: 'peft',
  command: 'npx rlcd export e1 --to peft --out x',
};

function cardText(given: CardEvidence): string {
  const [bytes] = [...(modelCard(given).chunks() as Iterable<Uint8Array>)];
  return new TextDecoder().decode(bytes);
}

test('front matter holds one line a field, whatever the names hold', () => {
  const [, matter = ''] = cardText(evidence).split('---\n');
  expect(matter.split('\n')).toEqual([
    String.raw`base_model: "owner/base\"\nlicense: mit"`,
    'library_name: peft',
    'license: "unknown"',
    'tags:',
    '- "rlcd"',
    '- "lora"',
    '- "alignment"',
    '',
  ]);
});

test('the body tells the figures, and names of people are no markup', () => {
  const text = cardText(evidence);
  const body = text.slice(text.indexOf('---\n', 4) + 4);
  expect(body).not.toContain('<img');
  expect(body).not.toContain('[link](');
  expect(body).not.toMatch(/^license: mit/m);
  expect(body).toContain('| sentiment | 61.3 % | 55.0 % to 67.1 % | 400 |');
  expect(body).toContain('unknown: ask where you got it');
  expect(body).toContain('adapter (this model)');
  expect(body).toContain(evidence.command);
  // The parameters hold three back-ticks, inside a string of JSON: no line of theirs ends the fence.
  expect(body.match(/^`{3,}/gm)?.length).toBe(6);
});

test.each([
  ['owner/name', '"owner/name"'],
  ['/models/smollm2.Q4_1.gguf', '"/models", gguf_file="smollm2.Q4_1.gguf"'],
  ['owner/name:smollm2.Q4_1.gguf', '"owner/name", gguf_file="smollm2.Q4_1.gguf"'],
])('says how transformers opens the base %s', (location, expected) => {
  const text = cardText({ ...evidence, base: { ...evidence.base, location } });
  expect(text).toContain(`AutoModelForCausalLM.from_pretrained(${expected})`);
  expect(text).toContain(`AutoTokenizer.from_pretrained(${expected})`);
});
