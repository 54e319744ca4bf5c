// Bugs of the header transport: a native client and a browser get what belongs to the other, or miss their own.
const due = 'src/engine/due.ts';
const load = 'src/engine/load.ts';
const response = 'src/engine/response.ts';
const requestState = 'src/engine/request-state.ts';
const transport = 'src/engine/transport.ts';

const PRESENTED = "  if (token !== null) return token.value === '' ? undefined : [token.value];\n";
const SET_TOKEN = `  if (state.token !== null) {
    head.setToken(config.tokenHeader, value);
    return true;
  }
`;

export const tokenBugs = [
  {
    bug: "header transport: a client without a token gets a cookie's session",
    breaks: 'C9',
    on: 'memory',
    change: [[load, PRESENTED, "  if (token !== null && token.value !== '') return [token.value];\n"]],
  },
  {
    bug: 'header transport: a request with a token is opened by its cookie',
    breaks: 'C9',
    on: 'memory',
    change: [
      [
        load,
        PRESENTED,
        PRESENTED.replace('token !== null', "token !== null && exchange.header('cookie') === undefined"),
      ],
    ],
  },
  {
    bug: 'header transport: a token of another system keeps a browser from its cookie',
    breaks: 'C13',
    on: 'memory',
    change: [[transport, "transport === 'both' && !isChosen", "transport === 'both' && value === null"]],
  },
  {
    bug: 'header transport: the scheme alone does not choose the header',
    breaks: 'C13',
    on: 'memory',
    change: [[transport, "(value === '' || splitCookieValue(value) !== null)", 'splitCookieValue(value) !== null']],
  },
  {
    bug: 'header transport: a token is sent in a cookie, too',
    breaks: 'C13',
    on: 'memory',
    change: [[response, SET_TOKEN, '  if (state.token !== null) head.setToken(config.tokenHeader, value);\n']],
  },
  {
    bug: 'header transport: an end deletes a cookie in place of the token',
    breaks: 'C13',
    on: 'memory',
    change: [
      [response, "  if (state.token !== null) return head.setToken(state.context.config.tokenHeader, '');\n", ''],
    ],
  },
  {
    bug: 'header transport: other attributes of the cookie make a token look outdated',
    breaks: 'C13',
    on: 'memory',
    change: [[due, '  if (state.token !== null) return false;\n', '']],
  },
  {
    bug: 'header transport: a token that an older secret has signed is not sent again',
    breaks: 'C13',
    on: 'memory',
    change: [
      [
        due,
        'record.id !== presentedId || signedByOldSecret ||',
        'record.id !== presentedId || (signedByOldSecret && state.token === null) ||',
      ],
    ],
  },
  {
    bug: 'header transport: a native client of another origin begins no session',
    breaks: 'C13',
    on: 'memory',
    change: [[requestState, 'this.token === null && isCookieWithheldBySite', 'isCookieWithheldBySite']],
  },
  {
    bug: 'header transport: a response does not vary by what brings the session',
    breaks: 'C9',
    on: 'memory',
    change: [
      [
        'src/options/transport.ts',
        "header: ['Authorization'], both: ['Authorization', 'Cookie']",
        "header: ['Cookie'], both: ['Cookie']",
      ],
    ],
  },
];
