import { STYLE_CHARTS } from './style-charts.ts';
import { STYLE_FRAME } from './style-frame.ts';
import { STYLE_PARTS } from './style-parts.ts';
import { STYLE_THEME } from './style-theme.ts';

/** The style sheet: colours and text first, narrow windows last. */
export const STYLE: string = [STYLE_THEME, STYLE_FRAME, STYLE_PARTS, STYLE_CHARTS].join('\n');
