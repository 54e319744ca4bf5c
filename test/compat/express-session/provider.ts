import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import express, { type Request, type Response } from 'express';
import { listen } from '../../adapters/support/listen.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encode = (value: object | Buffer): string =>
  (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url');

function idToken(claims: object): string {
  const content = `${encode({ alg: 'RS256', kid: 'key', typ: 'JWT' })}.${encode(claims)}`;
  return `${content}.${encode(createSign('RSA-SHA256').update(content).sign(privateKey))}`;
}

/** Runs an authorization server (OAuth 2, OpenID Connect) that lets everyone in as `ada`. */
export async function serveProvider(act: (origin: string) => Promise<void>): Promise<void> {
  const app = express();
  let origin = '';
  const codes = new Map<string, { nonce: string; client: string }>();
  app.use(express.urlencoded({ extended: false }));
  app.get('/.well-known/openid-configuration', (_req, res) =>
    res.json({
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/jwks`,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public'],
    }),
  );
  app.get('/jwks', (_req, res) =>
    res.json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key', use: 'sig', alg: 'RS256' }] }),
  );
  app.get('/authorize', ({ query }: Request, res: Response) => {
    const { redirect_uri: target, state, nonce = '', client_id: client } = query as Record<string, string>;
    const code = createHash('sha256').update(`${state}${codes.size}`).digest('hex');
    codes.set(code, { nonce, client: client! });
    res.redirect(`${target}?${new URLSearchParams({ code, state: state! }).toString()}`);
  });
  app.post('/token', (req: Request<unknown, unknown, { code: string }>, res) => {
    const { nonce, client } = codes.get(req.body.code)!;
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: origin, aud: client, sub: 'ada', iat: now, exp: now + 600, nonce };
    res.json({ access_token: 'access', token_type: 'Bearer', expires_in: 600, id_token: idToken(claims) });
  });
  await listen(createServer(app), async (port) => {
    origin = `http://localhost:${port}`;
    await act(origin);
  });
}
