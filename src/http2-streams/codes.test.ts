import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { test } from 'node:test';
import * as codes from './codes.ts';

test('codes and flags are those of nghttp2', () => {
  const { END_STREAM, ...errors } = codes;
  assert.equal(END_STREAM, constants.NGHTTP2_FLAG_END_STREAM);
  for (const [name, code] of Object.entries(errors))
    assert.equal(code, (constants as unknown as Record<string, number>)[`NGHTTP2_${name}`], name);
});
