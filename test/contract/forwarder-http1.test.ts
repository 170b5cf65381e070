/** The contract, kept by the forwarder on our own HTTP/1.1. */
import { createHttp1Forwarder } from '../../src/forwarders/http1/index.ts';
import { forwarderContract } from './forwarder.ts';

const STATUS = 'our codec reads statuses from 100 to 599 only (RFC 9110 §15)';

forwarderContract('http1', createHttp1Forwarder, {
  'the target /caf\xe9 goes out as it is': 'our codec writes visible ASCII only, as it reads it (RFC 9112 §3.2)',
  'an unknown status': STATUS,
  'an unknown status, a byte at a time': STATUS,
});
