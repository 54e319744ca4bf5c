/** Where Engine.IO listens for handshakes of WebSockets. */
export const WEBSOCKET_PATH = '/engine.io/?EIO=4&transport=websocket';

/** The headers of a request for a WebSocket. */
export const WEBSOCKET_HEADERS: Readonly<Record<string, string>> = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
};
