import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { createDashboard, type Dashboard, type DashboardOptions } from 'websauna-session/dashboard';
import { sessions } from 'websauna-session/express';

/** The owners of the site, by their ids. */
export const PEOPLE: ReadonlyMap<string, string> = new Map([
  ['u-1', 'Ada Admin'],
  ['u-2', 'Rita Reader'],
  ['u-3', 'Bea Sauna'],
  ['u-4', 'Bea Birch'],
]);

export const PATH = '/admin/sessions';

/** A small application whose administrators see the dashboard: Ada may act, Rita may look. */
export class DashboardSite {
  readonly url: string;
  readonly factory: SessionFactory;
  readonly dashboard: Dashboard;
  readonly #server: Server;

  private constructor(server: Server, factory: SessionFactory, dashboard: Dashboard) {
    this.url = `http://localhost:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.factory = factory;
    this.dashboard = dashboard;
  }

  static async start(
    options: Partial<SessionOptions> = {},
    dashboardOptions: Partial<DashboardOptions> = {},
  ): Promise<DashboardSite> {
    const factory = createSessionFactory({
      secret: 'a secret of the tests, of 32 bytes or more',
      audit: true,
      stats: true,
      ...options,
    });
    const dashboard = createDashboard(factory, {
      canView: ({ owner }) => owner === 'u-1' || owner === 'u-2',
      canAct: ({ owner }) => owner === 'u-1',
      findOwners: (query) =>
        [...PEOPLE]
          .filter(([, name]) => name.toLowerCase().includes(query.toLowerCase()))
          .map(([owner, name]) => ({ owner, name })),
      ownerName: (owner) => PEOPLE.get(owner),
      by: ({ owner }) => PEOPLE.get(owner ?? '') ?? null,
      ...dashboardOptions,
    });
    const app = express();
    app.use(sessions(factory));
    // Stands for the login of an application: what is tested begins after it.
    app.get('/log-in/:owner', (req, res) => {
      req.session.login(req.params.owner, { method: 'password' });
      for (const [name, value] of Object.entries(req.query)) req.session.set(name, value);
      res.redirect('/');
    });
    app.use(PATH, dashboard.node);
    app.get('/', (req, res) => {
      res.send(
        `<!doctype html><html lang="en"><title>Home</title><h1>Hello ${req.session.owner ?? 'stranger'}</h1></html>`,
      );
    });
    const server = createServer(app).listen(0, 'localhost');
    await new Promise((resolve) => server.once('listening', resolve));
    return new DashboardSite(server, factory, dashboard);
  }

  async stop(): Promise<void> {
    this.dashboard.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.factory.close();
  }
}
