import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Redactor } from './redact.ts';

function redactorOf(secrets: Readonly<Record<string, string>>): Redactor {
  const redactor = new Redactor();
  redactor.add(Object.entries(secrets).map(([name, value]) => ({ value, reference: `\${env:${name}}` })));
  return redactor;
}

describe('Redactor', () => {
  test('knows nothing at first', () => {
    assert.equal(new Redactor().text('sk-live-1234'), 'sk-live-1234');
  });

  test('replaces a secret wherever it stands, as often as it does', () => {
    const redactor = redactorOf({ K: 'sk-live-1234' });
    assert.equal(redactor.text('a sk-live-1234, "Bearer sk-live-1234"'), 'a ${env:K}, "Bearer ${env:K}"');
  });

  test('knows the forms of JSON and of URLs', () => {
    const redactor = redactorOf({ K: 'a"b\\c d/é' });
    assert.equal(redactor.text(JSON.stringify({ k: 'a"b\\c d/é' })), '{"k":"${env:K}"}');
    assert.equal(redactor.text(`?k=${encodeURIComponent('a"b\\c d/é')}`), '?k=${env:K}');
    assert.equal(redactor.text(encodeURI('/x/a"b\\c d/é')), '/x/${env:K}');
  });

  test('knows each line of a key in PEM', () => {
    const redactor = redactorOf({ K: '-----BEGIN KEY-----\nMIIEvQIBADANBgkq9\n-----END KEY-----\n' });
    assert.equal(redactor.text('at MIIEvQIBADANBgkq9'), 'at ${env:K}');
  });

  test('takes the longest where one secret begins with another', () => {
    const redactor = redactorOf({ A: 'secret-1', B: 'secret-1-and-more' });
    assert.equal(redactor.text('secret-1-and-more secret-1'), '${env:B} ${env:A}');
  });

  test('leaves ports, short names, plain words and plain numbers readable', () => {
    const redactor = redactorOf({ PORT: '8080', REGION: 'eu-west', WORD: 'duration', NUMBER: '1795287415' });
    const line = '{"port":8080,"region":"eu-west","duration":1,"time":1795287415340}';
    assert.equal(redactor.text(line), line);
  });

  test('a secret that is no well-formed text, or holds what patterns are made of, is a text like others', () => {
    const redactor = redactorOf({ A: 'x\ud800abcdef', B: '(a|b)*[c]{2}^$.\\-/' });
    assert.equal(redactor.text('x\ud800abcdef (a|b)*[c]{2}^$.\\-/'), '${env:A} ${env:B}');
  });
});
