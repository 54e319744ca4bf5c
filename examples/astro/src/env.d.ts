declare namespace App {
  interface Locals {
    session: import('websauna-session').Session<import('./lib/session').Data>;
  }
}
