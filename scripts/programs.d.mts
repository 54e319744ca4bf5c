/** Each returns the program's path, or `undefined` where the machine has none. */
export declare const programs: Readonly<
  Record<'redisServer' | 'chromium' | 'openssl' | 'curl' | 'bash', () => string | undefined>
>;
