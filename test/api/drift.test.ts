import { describe, expect, test } from 'vitest';
import { sampleWebhook } from '../../api/schemas/events/event-samples.ts';
import { checkAnswer, checkWebhook } from '../support/documented-answers.ts';
import { throwDrifts } from '../support/drift.ts';

const LINK = {
  id: 'lnk_1',
  url: 'https://m.test/connect/x',
  purpose: 'connect',
  expires_at: '2026-05-03T12:00:00.000Z',
};
const REPORT = { checked_at: null };

function answered(method: string, pathname: string, status: number, body: unknown, contentType = 'application/json') {
  checkAnswer({
    method,
    pathname,
    status,
    contentType,
    body: body === null ? '' : JSON.stringify(body),
    isWhole: true,
  });
  return throwDrifts;
}

/* What fails any test of the API; here the failures are caught. */
describe('an answer that is not as documented fails its test', () => {
  test('a field that is not in the schema, is missing or has another type', () => {
    expect(answered('POST', '/v1/links', 201, LINK)).not.toThrow();
    expect(answered('POST', '/v1/links', 201, { ...LINK, more: 1 })).toThrow(
      '/v1/links → 201: more: not in the schema',
    );
    expect(answered('POST', '/v1/links', 201, { ...LINK, url: undefined })).toThrow('url: ');
    expect(answered('POST', '/v1/links', 201, { ...LINK, expires_at: 'soon' })).toThrow('expires_at: ');
  });

  test('a status that is not documented, and a call that is not', () => {
    expect(answered('POST', '/v1/channels/chn_1/report-failure', 202, REPORT)).not.toThrow();
    expect(answered('POST', '/v1/channels/chn_1/report-failure', 200, REPORT)).toThrow('not documented');
    expect(answered('GET', '/v1/moons', 200, { data: [] })).toThrow('no call is documented here');
  });

  test('a problem that the call does not document', () => {
    const problem = {
      type: 'urn:mooring:problem:link_used',
      title: 'This link has been used',
      status: 410,
      detail: 'Used',
      code: 'link_used',
      action: 'none',
      retryable: false,
      display_message: 'Used',
      request_id: 'req_1',
    };
    expect(answered('POST', '/connect/x/password', 410, problem)).not.toThrow();
    expect(answered('POST', '/v1/links', 410, problem)).toThrow('link_used is not documented');
    expect(answered('POST', '/connect/x/password', 409, problem)).toThrow('not one of this status');
  });

  test('a webhook with a field that its event does not have', () => {
    const sample = sampleWebhook('channel.paused');
    checkWebhook(JSON.stringify(sample));
    expect(throwDrifts).not.toThrow();
    checkWebhook(JSON.stringify({ ...sample, data: { ...sample.data, moon: 'full' } }));
    expect(throwDrifts).toThrow('webhook channel.paused: data.moon: not in the schema');
    checkWebhook(JSON.stringify({ ...sample, type: 'channel.unheard_of' }));
    expect(throwDrifts).toThrow('the type is not documented');
  });
});
