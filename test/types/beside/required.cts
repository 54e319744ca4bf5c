// CommonJS: `require` returns the function.
import session = require('websauna-session/express-session');

const middleware = session({ secret: 'a', saveUninitialized: false });
const store = new session.MemoryStore();

export = [middleware, store, session.createStore()];
