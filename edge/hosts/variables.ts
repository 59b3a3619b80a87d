/** What the hosts of the edge are told through environment variables. */
import { z } from 'zod';
import { wholeNumber } from '../../shared/read-variables.ts';
import { LAUNCH_VARIABLES } from '../orchestration/launch/configuration.ts';
import { readProxies } from './client-address.ts';
import { KEY_VARIABLES } from './key-variables.ts';

/** Of the hosts that listen. */
export const LISTEN_VARIABLES = {
  HOST: {
    help: 'name or address at which it listens; 127.0.0.1 unless given',
    schema: z.string().default('127.0.0.1'),
  },
  PORT: { help: 'port at which it listens; 8787 unless given', schema: wholeNumber(0, 65_535).default(8787) },
  RLCD_DATA: {
    help: 'folder of the database and the artifacts; its own place unless given',
    schema: z.string().optional(),
  },
  ...KEY_VARIABLES,
} as const;

/** Of the Node host. */
export const SERVE_VARIABLES = {
  ...LISTEN_VARIABLES,
  RLCD_RUNNERS: {
    help: 'number of runners that come up on this machine at the most when work waits; none unless given',
    schema: wholeNumber(0, 64).default(0),
  },
  RLCD_TRUSTED_PROXIES: {
    help: 'addresses and ranges of proxies whose X-Forwarded-For is believed, with commas; nobody is believed unless given',
    schema: z
      .string()
      .transform((text, context) => {
        const proxies = readProxies(text);
        if (!proxies)
          context.addIssue('needs addresses and ranges with commas, such as 127.0.0.1,10.0.0.0/8');
        return proxies;
      })
      .optional(),
  },
  RLCD_KUBERNETES_TOKEN_FILE: {
    help: 'file in the place of RLCD_KUBERNETES_TOKEN, read at every launch',
    schema: z.string().optional(),
  },
  RLCD_KUBERNETES_CA_FILE: {
    help: 'file in the place of RLCD_KUBERNETES_CA',
    schema: z.string().optional(),
  },
  ...LAUNCH_VARIABLES,
} as const;
