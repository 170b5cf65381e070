import { NAMES, type Written } from './common.ts';

export const REGION = {
  type: 'object',
  description: 'Which clients belong to this region. A listed country wins over its continent.',
  additionalProperties: false,
  properties: {
    countries: {
      type: 'array',
      description: 'ISO 3166-1 alpha-2 codes. Each country belongs to one region at most.',
      examples: [['US', 'CA']],
      uniqueItems: true,
      items: { type: 'string', public: true },
    },
    continents: {
      type: 'array',
      description: 'AF, AN, AS, EU, NA, OC, SA. Each continent belongs to one region at most.',
      examples: [['EU', 'AF']],
      uniqueItems: true,
      items: { type: 'string', public: true },
    },
    default: {
      type: 'boolean',
      description: 'Clients that belong to no other region belong to this one. One region at most is the default.',
      default: false,
    },
  },
} as const;

export const REGIONS = {
  type: 'object',
  description: 'Regions by name: which countries and continents are served from where.',
  propertyNames: NAMES,
  additionalProperties: REGION,
} as const;

/** A region as it is written. */
export type RawRegion = Written<typeof REGION>;
