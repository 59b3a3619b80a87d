/** What is sent again and what is not. */
import { describe, expect, it } from 'vitest';
import { patientFetch } from '../../../scripts/processes/patient-fetch.ts';

/** Fails so often, then answers with what it was sent. */
function failing(times: number, error: Error) {
  let calls = 0;
  return {
    calls: () => calls,
    send: async (request: Request) => {
      calls++;
      if (calls <= times) throw error;
      return new Response(await request.text());
    },
  };
}

const request = () => new Request('http://edge/v1/experiments', { method: 'POST', body: 'the whole body' });

describe('patientFetch', () => {
  it('sends a request whole, again and again, until it is answered', async () => {
    const { send, calls } = failing(3, new TypeError('fetch failed'));
    const response = await patientFetch({ send, pauseMilliseconds: 0 })(request());
    expect(await response.text()).toBe('the whole body');
    expect(calls()).toBe(4);
  });
  it('gives up in the end, and tells the fault', async () => {
    const { send, calls } = failing(99, new TypeError('fetch failed'));
    await expect(patientFetch({ send, attempts: 5, pauseMilliseconds: 0 })(request())).rejects.toThrow(
      'fetch failed',
    );
    expect(calls()).toBe(5);
  });
  it('takes every answer, and repeats no other fault', async () => {
    const refusing = { calls: 0 };
    const refuse = async () => {
      refusing.calls++;
      return new Response('no', { status: 503 });
    };
    expect((await patientFetch({ send: refuse })(request())).status).toBe(503);
    expect(refusing.calls).toBe(1);
    const { send, calls } = failing(9, new Error('aborted'));
    await expect(patientFetch({ send, pauseMilliseconds: 0 })(request())).rejects.toThrow('aborted');
    expect(calls()).toBe(1);
  });
});
