import type { Command } from '../command.ts';
import { doctor } from './doctor.ts';
import { migrate } from './migrate.ts';
import { secret } from './secret.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [doctor, migrate, secret];
