import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { SessionModule } from 'websauna-session/nest';
import { AccountController } from './account.controller.js';
import { PagesController } from './pages.controller.js';

@Module({
  imports: [
    ConfigModule.forRoot(),
    SessionModule.forRootAsync({
      imports: [ConfigModule],
      inject: [ConfigService],
      useFactory: (config: ConfigService) => {
        const url = config.get<string>('REDIS_URL');
        return { secret: config.getOrThrow<string>('SESSION_SECRET'), redis: url ? { url } : undefined };
      },
    }),
  ],
  controllers: [AccountController, PagesController],
})
export class AppModule {}
