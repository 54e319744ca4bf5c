import { createSessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { endsSuite } from './ends-suite.ts';
import { loginSuite } from './login-suite.ts';
import { cookieSuite } from './cookie-suite.ts';
import { dataSuite } from './data-suite.ts';
import { requestSuite } from './request-suite.ts';
import { securitySuite } from './security-suite.ts';
import { sessionsSuite } from './sessions-suite.ts';
import { statementsSuite } from './statements-suite.ts';
import { SECRET, type MakeFactory } from './factories.ts';
import { consistencySuite } from './suite.ts';

const store = new MemoryStore();
const make: MakeFactory = (options) => createSessionFactory({ secret: SECRET, store, ...options });

consistencySuite('memory', make);
loginSuite('memory', make);
sessionsSuite('memory', make);
requestSuite('memory', make);
securitySuite('memory', make);
cookieSuite('memory', make);
statementsSuite('memory', make);
endsSuite('memory', make);
dataSuite('memory', make);
