import type { Command } from '../command.ts';
import { audit } from './audit.ts';
import { doctor } from './doctor.ts';
import { list } from './list.ts';
import { migrate } from './migrate.ts';
import { purge } from './purge.ts';
import { revoke } from './revoke.ts';
import { secret } from './secret.ts';
import { show } from './show.ts';
import { stats } from './stats.ts';
import { tail } from './tail.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [doctor, stats, list, show, revoke, purge, tail, audit, migrate, secret];
