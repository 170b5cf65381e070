/**
 * The files that the process settings name: certificates and the country database. A start reads them all and tells
 * everything that is wrong with them at the lines that name them; `weir check` does just that and no more.
 */
import { GeoSource } from '../geo/source.ts';
import type { Registry } from '../metrics/registry.ts';
import type { ProblemCode } from '../plan/codes.ts';
import { byPlace, type Problem } from '../plan/problems.ts';
import type { WeirConfig } from '../types/config.ts';
import type { Place } from '../types/plan.ts';
import type { ConfigPath, Log } from '../types/policy.ts';
import type { CertificateData, GeoData } from '../types/threads.ts';
import { type CertificateFault, CertificateStore } from './certificates.ts';

export interface ResourcesOptions {
  readonly config: WeirConfig;
  /** Where a value of the config stands. */
  readonly placeOf: (path: ConfigPath) => Place;
  readonly log: Log;
  readonly registry: Registry;
  /** The country data changed and is good. */
  readonly onGeo: (data: GeoData) => void;
  /** A listener's certificates changed and are good. */
  readonly onCertificates: (listener: number, certificates: CertificateData) => void;
}

const CERTIFICATE_HINTS = {
  'bad-certificate': {
    cert: 'name a PEM file with the certificate and its chain',
    key: 'name the PEM file with the private key of the certificate',
  },
  'certificate-lifetime': { cert: 'renew it: a new pair is taken while Weir runs', key: '' },
} as const;

export class Resources {
  readonly geo: GeoSource;
  readonly certificates: CertificateStore;
  readonly #options: ResourcesOptions;
  /** The newest; it may change while the first rules are still being read. */
  #geoData: GeoData = { database: null, overrides: '' };

  constructor(options: ResourcesOptions) {
    const { config, log, registry, onGeo, onCertificates } = options;
    this.#options = options;
    const { database, overrides } = config.geoip;
    const onChange = (data: GeoData): void => {
      this.#geoData = data;
      onGeo(data);
    };
    this.geo = new GeoSource({ database, overrides, log, settle: config.reload.settle, onChange });
    this.certificates = new CertificateStore({
      listeners: config.listeners,
      log,
      registry,
      settle: config.reload.settle,
      onChange: onCertificates,
    });
  }

  get geoData(): GeoData {
    return this.#geoData;
  }

  /** Reads everything for the first time, and goes on following the country data. Returns what is wrong, by place. */
  async start(): Promise<Problem[]> {
    const geo = this.geo.start().then((data) => {
      this.#geoData = data;
    });
    const [faults] = await Promise.all([this.certificates.load(), geo]);
    return this.#problems(faults);
  }

  /** Reads everything once, as `start` does. Returns what is wrong, by place. */
  async check(): Promise<Problem[]> {
    const [faults] = await Promise.all([this.certificates.load(), this.geo.load()]);
    return this.#problems(faults);
  }

  async close(): Promise<void> {
    await Promise.all([this.certificates.close(), this.geo.close()]);
  }

  #problems(faults: readonly CertificateFault[]): Problem[] {
    return [...faults.map((fault) => this.#ofCertificate(fault)), ...this.#ofGeo()].sort(byPlace);
  }

  #ofCertificate({ listener, pair, of, severity, message }: CertificateFault): Problem {
    const place = this.#options.placeOf(['listeners', listener, 'tls', 'certificates', pair, of]);
    const code = severity === 'error' ? 'bad-certificate' : 'certificate-lifetime';
    return { ...problemAt(place, code, message, CERTIFICATE_HINTS[code][of]), severity };
  }

  /** While every country is unknown, rules that name countries or regions match no client, or every client. */
  #ofGeo(): Problem[] {
    const { config, placeOf } = this.#options;
    const { required } = config.geoip;
    return this.geo.faults().map(({ of, problem, consequence }) => {
      const place = placeOf(['geoip', of]);
      if (!required) return { ...problemAt(place, 'bad-geoip', `${problem}: ${consequence}`), severity: 'warning' };
      const hint = 'put a usable file there, or write `required: false` under `geoip` to start without';
      return problemAt(place, 'bad-geoip', problem, hint);
    });
  }
}

/** An error at a place that is known. */
export function problemAt({ file, line, column }: Place, code: ProblemCode, message: string, hint = ''): Problem {
  return { file, line, column, severity: 'error', code, message, hint };
}
