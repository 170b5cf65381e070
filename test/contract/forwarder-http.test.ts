/** The contract, kept by the `http` forwarder. */
import { createHttpForwarder } from '../../src/forwarders/http.ts';
import { forwarderContract } from './forwarder.ts';

forwarderContract('http', createHttpForwarder, {
  'the Host field keeps its place and case': 'undici writes `host` itself, first (RFC 9110 §7.2 advises that place)',
  'OPTIONS * goes out as it is': 'undici refuses targets that do not start with a slash',
  'a 100 that nobody asked for is skipped': 'undici breaks the connection (client-h1.js, onHeadersComplete)',
});
