/** In which form a model is asked, and what cannot be. */
import { expect, it } from 'vitest';
import { faultOfForm, promptFormOf } from '../../../shared/dialogue/prompt-form-of.ts';

const plain = { name: 'plain', configuration: {} };
const chat = { name: 'chat', configuration: { chatTemplate: true } };
const server = { name: 'server', configuration: {}, served: { protocol: 'completions' as const } };
const chatServer = { name: 'chatty', configuration: {}, served: { protocol: 'chat' as const } };

it.each([
  ['dialogue', plain, undefined, 'dialogue'],
  ['dialogue', chat, undefined, 'chat'],
  ['dialogue', chat, 'dialogue', 'dialogue'],
  ['dialogue', chat, 'chat', 'chat'],
  ['dialogue', server, undefined, 'dialogue'],
  ['dialogue', chatServer, undefined, 'chat'],
  ['dialogue', chatServer, 'chat', 'chat'],
  ['prefix', chat, undefined, 'prefix'],
  ['prefix', plain, 'prefix', 'prefix'],
] as const)('a principle of the form %s with %o, asked for %s: %s', (form, model, asked, expected) => {
  expect(faultOfForm(form, model, asked)).toBeNull();
  expect(promptFormOf(form, model, asked)).toBe(expected);
});

it.each([
  ['dialogue', plain, 'chat', /^plain has no chat template; leave it out, or register/],
  [
    'dialogue',
    server,
    'chat',
    /^server is asked by texts; leave it out, or register it with the protocol chat/,
  ],
  [
    'dialogue',
    plain,
    'prefix',
    /stand in front of no text; leave it out, or add a version of the form prefix/,
  ],
  ['dialogue', chatServer, 'dialogue', /^chatty is asked by chat messages alone; leave it out, or register/],
  ['prefix', chat, 'chat', /are no part of a chat; leave it out/],
  [
    'prefix',
    chatServer,
    undefined,
    /^chatty is asked by chat messages alone, and a principle of the form prefix/,
  ],
] as const)(
  'a principle of the form %s with %o, asked for %s, is refused with the cure',
  (form, model, asked, words) => {
    expect(faultOfForm(form, model, asked)).toMatch(words);
  },
);
