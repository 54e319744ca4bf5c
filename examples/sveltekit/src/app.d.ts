import type { Session } from 'websauna-session';
import type { Data } from '#lib/server/session.ts';

declare global {
  namespace App {
    interface Locals {
      session: Session<Data>;
    }
  }
}
