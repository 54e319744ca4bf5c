import express, { type Express } from 'express';
import passport from 'passport';
import { Strategy } from 'passport-local';
import type { SessionMiddleware } from 'websauna-session/express-session';
import flash from 'connect-flash';

declare module 'express-session' {
  interface SessionData {
    passport: { user?: string };
    returnTo: string;
  }
}

declare global {
  namespace Express {
    interface User {
      id: string;
    }
  }
}

/** An application with passport, passport-local and connect-flash as their manuals show them. */
export function passportSite(app: Express, sessions: SessionMiddleware): void {
  const authenticator = new passport.Passport();
  authenticator.use(
    new Strategy((username, password, done) => {
      if (password === 'right') done(null, { id: username });
      else done(null, false, { message: 'Wrong password' });
    }),
  );
  authenticator.serializeUser((user, done) => done(null, user.id));
  authenticator.deserializeUser((id: string, done) => done(null, { id }));
  app.use(sessions, flash(), authenticator.initialize(), authenticator.session());
  app.use(express.urlencoded({ extended: false }));
  const options = { failureRedirect: '/failed', failureFlash: true, successRedirect: '/account' };
  app.get('/basket', (req, res) => {
    req.session.cart = ['book'];
    req.session.returnTo = '/basket';
    res.end();
  });
  app.post('/login', authenticator.authenticate('local', options));
  app.post('/login-keep', authenticator.authenticate('local', { ...options, keepSessionInfo: true }));
  app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.redirect('/'))));
  app.get('/failed', (req, res) => res.json(req.flash('error')));
  app.get('/account', (req, res) =>
    res.json({ user: req.user?.id ?? null, cart: req.session.cart ?? null, sid: req.sessionID }),
  );
}
