/** Ten questions that a small chat model can answer. */

export const questions: readonly string[] = [
  'What is the capital of France?',
  'Name three primary colours.',
  'Write one sentence about the sea.',
  'How many legs does a spider have?',
  'Say good morning to my grandmother.',
  'What do bees make?',
  'Explain in one sentence what a prime number is.',
  'Give me a short recipe for tea.',
  'Translate "thank you" into Spanish.',
  'Why is the sky blue?',
];

export const conversations = questions.map((content) => [{ role: 'user', content }]);
