import { ConflictException, Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { WebsaunaSession } from 'websauna-session';
import { Session } from 'websauna-session/nest';
import { homePage, useLate } from './pages.js';

const HTML = 'text/html; charset=utf-8';

@Controller()
export class PagesController {
  @Get()
  @Header('content-type', HTML)
  async home(@Session() session: WebsaunaSession): Promise<string> {
    return await homePage(session);
  }

  @Get('about')
  about(): string {
    return 'This page is the same for everybody.';
  }

  @Get('raw')
  @Header('set-cookie', 'theme=dark; Path=/')
  raw(@Session() session: WebsaunaSession): string {
    session.set('raw', true);
    return 'Dark';
  }

  @Get('inner')
  inner(@Session() session: WebsaunaSession, @Query('name') name: string): string {
    session.set('inner', name);
    return `Inner: ${session.owner ?? 'stranger'}`;
  }

  // Nest has no requests from inside: a handler that needs another one calls the same code.
  @Get('nested')
  nested(@Session() session: WebsaunaSession, @Query('name') name: string): string {
    session.set('outer', name);
    return this.inner(session, name);
  }

  @Get('late')
  late(@Session() session: WebsaunaSession): StreamableFile {
    session.markPersonal();
    return new StreamableFile(Readable.from(useLate(session)), { type: HTML });
  }

  @Get('error')
  error(@Session() session: WebsaunaSession): never {
    session.set('failed', true);
    throw new ConflictException('Not now');
  }
}
