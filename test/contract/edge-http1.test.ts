/** The contract, kept by our own edge; what its reads lend is spoilt as soon as their time is over. */
import { Http1Edge } from '../../src/edges/http1/index.ts';
import { spoilingLoop } from '../../src/testing/spoiling-loop.ts';
import { edgeContract } from './edge.ts';
import { HTTP1_EXCEPTIONS } from './edge-http1-exceptions.ts';

edgeContract(
  'http1',
  (settings, accept) => new Http1Edge({ ...settings, loop: spoilingLoop() }, accept),
  HTTP1_EXCEPTIONS,
);
