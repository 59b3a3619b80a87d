/** JSON files that were cut off say where they end, wherever that is. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOfCut } from '../../../gpu-runner/files/cut-json.ts';
import { parseJsonObject } from '../../../gpu-runner/files/files.ts';

const parse = (bytes: Uint8Array) => parseJsonObject(bytes, 'tokenizer.json', null, 'cure');
const whole = Buffer.from(
  '{"version":"1.0","model":{"type":"BPE","vocab":{"a\\"b":0,"漢":1},"merges":[["a","b"],["c","d"]]},"tail":true}',
);

describe('a cut file', () => {
  it.each([
    ['inside a character of a name', whole.indexOf('漢') + 1, 'model.vocab'],
    ['inside a string with a mark in it', whole.indexOf('b":0'), 'model.vocab'],
    ['inside a number', whole.indexOf(',"漢'), 'model.vocab.a\\"b'],
    ['behind a comma', whole.indexOf('"漢'), 'model.vocab'],
    ['inside a list of lists', whole.indexOf('"c"') + 2, 'model.merges'],
    ['behind a name', whole.indexOf(':[["a"'), 'model'],
    ['before a value', whole.indexOf('true'), 'tail'],
    ['at once', 1, 'its first object'],
  ])('%s', (_, length, place) => {
    expect(() => parse(whole.subarray(0, length))).toThrow(
      `tokenizer.json: ends inside ${place}. Fetch the file again, it is cut short`,
    );
  });

  it('is told as cut at every byte', () => {
    for (let length = 1; length < whole.length; length++) {
      expect(() => parse(whole.subarray(0, length)), `${length} bytes`).toThrow(/ends inside/);
    }
  });

  it('of any document', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (document, cut) => {
        const text = JSON.stringify(document);
        expect(placeOfCut(text)).toBeNull();
        expect(placeOfCut(text.slice(0, 1 + (cut % (text.length - 1))))).not.toBeNull();
      }),
    );
  });
});

it('what is no text, and text that is no JSON, are called so', () => {
  expect(() => parse(Uint8Array.of(0xff, 0xfe, 0x7b))).toThrow('tokenizer.json: is not UTF-8 text. cure');
  expect(() => parse(Buffer.from('{"a": 1}}'))).toThrow('tokenizer.json: is not JSON. cure');
  expect(() => parse(Buffer.from('[1]'))).toThrow('tokenizer.json: is not a JSON object. cure');
  expect(() => parse(new Uint8Array())).toThrow('tokenizer.json: is not JSON. cure');
});
