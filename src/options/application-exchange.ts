import type { Exchange } from '../exchange.ts';

/** Returns what a function of the application is given of an exchange: it may take it apart, as in `({ header }) => ...`. */
export function applicationExchange(exchange: Exchange): Exchange {
  return {
    get method() {
      return exchange.method;
    },
    get url() {
      return exchange.url;
    },
    get secure() {
      return exchange.secure;
    },
    get clientAddress() {
      return exchange.clientAddress;
    },
    get request() {
      return exchange.request;
    },
    header: (name) => exchange.header(name),
  };
}
