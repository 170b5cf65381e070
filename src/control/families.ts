/** Every metric family of Weir: its help text and how the values of several threads become one. The docs list these. */
import type { Sample } from '../metrics/series.ts';

export interface Family {
  readonly type: Sample['type'];
  readonly help: string;
  /** Label names, for the docs. */
  readonly labels: readonly string[];
  /** `max` where all threads read the same shared memory and a sum would count it once per thread. */
  readonly combine: 'sum' | 'max';
}

const counter = (help: string, ...labels: string[]): Family => ({ type: 'counter', help, labels, combine: 'sum' });
const histogram = (help: string, ...labels: string[]): Family => ({ type: 'histogram', help, labels, combine: 'sum' });
const gauge = (help: string, ...labels: string[]): Family => ({ type: 'gauge', help, labels, combine: 'sum' });
const shared = (help: string, ...labels: string[]): Family => ({ type: 'gauge', help, labels, combine: 'max' });

export const FAMILIES: Readonly<Record<string, Family>> = Object.freeze({
  weir_requests_total: counter('Requests answered, by route and status class.', 'route', 'status_class'),
  weir_request_duration_seconds: histogram('From the request head to the last byte of the reply.', 'route'),
  weir_requests_in_flight: gauge('Requests that have arrived and not ended.'),
  weir_connections: gauge('Open client connections, by the address of the listener in the config.', 'listener'),
  weir_upstream_attempts_total: counter('Attempts at an endpoint, by outcome.', 'upstream', 'endpoint', 'outcome'),
  weir_pool_connections: gauge(
    'Connections to an upstream: idle, busy with a request, or upgraded (WebSockets, outside the pool).',
    'upstream',
    'state',
  ),
  weir_pool_waiting: gauge('Requests waiting in the queue for a connection.', 'upstream'),
  weir_pool_connections_opened_total: counter('Connections opened to an upstream.', 'upstream'),
  weir_pool_requests_total: counter(
    'Requests sent on a connection; those beyond the number of connections opened reused one.',
    'upstream',
  ),
  weir_pool_waited_total: counter('Requests that waited in the queue for a connection.', 'upstream'),
  weir_pool_wait_seconds_total: counter('Time that requests waited in the queue for a connection.', 'upstream'),
  weir_pool_refused_total: counter(
    'Requests that got no connection: the queue was full, or they waited too long (late).',
    'upstream',
    'reason',
  ),
  weir_breaker_state: shared('Breaker of an endpoint: 0 closed, 1 half-open, 2 open.', 'endpoint'),
  weir_endpoint_healthy: shared('Active health probes: 1 healthy, 0 unhealthy.', 'endpoint'),
  weir_upstream_panic: shared(
    '1 where too few endpoints for the clients of a region are healthy, so that all are used; else 0.',
    'upstream',
    'region',
  ),
  weir_policy_failures_total: counter(
    'Policy hooks that threw an error (threw) or did not answer in time (late): a bug in the kind, or what it waits for is not available.',
    'policy',
    'hook',
    'reason',
  ),
  weir_replay_refused_total: counter('Requests refused because their nonce was used before.', 'policy'),
  weir_signature_refused_total: counter(
    'Requests refused by a signature policy, by the check that failed.',
    'policy',
    'reason',
  ),
  weir_rate_limited_total: counter('Requests refused by a rate limit.', 'policy'),
  weir_params_refused_total: counter('Requests refused because of their parameters.', 'policy', 'reason'),
  weir_jwt_accepted_total: counter(
    'Requests with a valid token, by how it was verified: its signature was checked, or it was in the cache.',
    'policy',
    'from',
  ),
  weir_jwt_refused_total: counter('Requests refused because of their token.', 'policy', 'reason'),
  weir_store_errors_total: counter('Store calls of a policy that the store could not answer.', 'policy'),
  weir_store_used: shared('Entries of a store table in use.', 'table'),
  weir_store_capacity: shared('Entries a store table can hold.', 'table'),
  weir_store_evicted_total: counter(
    'Rate-limit keys evicted for new ones while part of their allowance was used.',
    'table',
  ),
  weir_store_refused_total: counter('Store calls refused because a table is full.', 'table'),
  weir_access_log_dropped_total: counter(
    'Log lines dropped: the reader is too slow or has closed, or they cannot be written (a full disk).',
  ),
  weir_reloads_total: counter('Reloads of the rules: ok, failed, or unchanged.', 'result'),
  weir_reload_duration_seconds: histogram('From reading the rules to the last thread using them.'),
  weir_last_reload_timestamp_seconds: gauge('When rules were last put into use.'),
  weir_last_reload_successful: gauge('1 where the rules on disk are the ones in use, 0 where they were refused.'),
  weir_last_good_rules: gauge(
    '1 where Weir started with the last good rules, since those on disk are refused; 0 once rules on disk are in use.',
  ),
  weir_config_revision_info: gauge('Always 1; the revision in use is the label.', 'revision'),
  weir_bodies_held_bytes: gauge('Request bodies held in memory: whole for a policy, or for a retry.'),
  weir_exhausted_total: counter(
    'Times that this process ran out of a resource: file descriptors (checked each second, and at each connection to an endpoint), local ports, memory for request bodies (`bodies`, by thread).',
    'resource',
  ),
  weir_threads: gauge('Traffic threads that take connections.'),
  weir_threads_unresponsive: gauge('Traffic threads that take connections and whose event loop does not turn.'),
  weir_thread_stalls_total: counter('Times that a traffic thread was found unresponsive.'),
  weir_thread_memory_bytes: gauge('Memory of the largest traffic thread: its heap, or its buffers.', 'area'),
  weir_thread_memory_limit_bytes: gauge('Most memory of a traffic thread: half for its heap, half for its buffers.'),
  weir_worker_deaths_total: counter(
    'Traffic threads that died and were replaced: by an error, for memory, because they were unresponsive, or at start.',
    'reason',
  ),
  weir_certificate_expiry_timestamp_seconds: gauge(
    'When a certificate in use expires, by the address of its listener in the config and its file.',
    'listener',
    'file',
  ),
  weir_geoip_loaded: gauge('1 where a country database is in use.'),
  weir_geoip_reloads_total: counter('Country databases and override files that replaced another.'),
  weir_geoip_failures_total: counter('Country databases or override files that were refused.'),
  weir_geoip_build_timestamp_seconds: gauge('When the country database in use was built.'),
  weir_build_info: gauge('Always 1; version and Node are the labels.', 'version', 'node'),
  process_cpu_seconds_total: counter('User and system CPU time spent, all threads.'),
  process_resident_memory_bytes: gauge('Resident memory.'),
  process_open_fds: gauge('Open file descriptors.'),
  process_max_fds: gauge('File descriptors that the system allows this process.'),
  process_start_time_seconds: gauge('When the process started, since the epoch.'),
});

/** The family of a name; one that a policy kind brings along and the table does not know is shown all the same. */
export function familyOf(sample: Sample): Family {
  return Object.hasOwn(FAMILIES, sample.family)
    ? FAMILIES[sample.family]!
    : { type: sample.type, help: 'Brought by a policy kind.', labels: Object.keys(sample.labels), combine: 'sum' };
}
