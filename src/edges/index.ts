/** The edges by the names that `edge:` of a listener takes. */
import type { Accept, Edge } from '../types/transport.ts';
import { Http1Edge } from './http1/index.ts';
import { NodeEdge } from './node/index.ts';
import type { EdgeSettings } from './settings.ts';

/** An edge for one listener and thread; it hands every request to `accept`. */
export function createEdge(kind: 'http1' | 'node', settings: EdgeSettings, accept: Accept): Edge {
  return kind === 'http1' ? new Http1Edge(settings, accept) : new NodeEdge(settings, accept);
}
