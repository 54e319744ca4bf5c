let warned = false;

/** Says once what a store for express-session cannot keep. */
export function warnOfExpressStore(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    'A store for express-session reads and writes sessions as a whole: with several processes, concurrent requests ' +
      'overwrite each other, and a session that was ended can come back. Use `redis`, or a single process',
    { code: 'WEBSAUNA_SESSION_EXPRESS_STORE', type: 'SessionWarning' },
  );
}
