import { Body, Controller, Get, Post, Redirect, UseGuards } from '@nestjs/common';
import { SessionFactory, type WebsaunaSession } from 'websauna-session';
import { Owner, OwnerGuard, Session } from 'websauna-session/nest';

@Controller()
export class AccountController {
  constructor(private readonly factory: SessionFactory) {}

  // A real application checks the password here.
  @Post('login')
  @Redirect('/', 303)
  login(@Session() session: WebsaunaSession, @Body() { csrf, user }: Record<string, string> = {}): void {
    session.requireCsrfToken(csrf);
    session.login(user!, { method: 'password' });
    session.flash(`Welcome, ${user}`);
  }

  @Post('logout')
  @Redirect('/', 303)
  logout(@Session() session: WebsaunaSession, @Body() { csrf }: Record<string, string> = {}): void {
    session.requireCsrfToken(csrf);
    session.logout();
  }

  @Get('me')
  me(@Session() session: WebsaunaSession): object {
    return { owner: session.owner, ...session.data };
  }

  @Get('devices')
  @UseGuards(OwnerGuard)
  async devices(@Owner() owner: string): Promise<object[]> {
    const sessions = await this.factory.owners.list(owner);
    return sessions.map(({ handle, userAgent, lastSeenAt }) => ({ handle, userAgent, lastSeenAt }));
  }
}
