/** Loaded first: compiled validators need eval, which the page's policy forbids, and are chosen when a schema is made. */
import { z } from 'zod';

z.config({ jitless: true });
