/** The contract, kept by our own edge. */
import { Http1Edge } from '../../src/edges/http1/index.ts';
import { edgeContract } from './edge.ts';
import { HTTP1_EXCEPTIONS } from './edge-http1-exceptions.ts';

edgeContract('http1', (settings, accept) => new Http1Edge(settings, accept), HTTP1_EXCEPTIONS);
