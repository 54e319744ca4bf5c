import { STYLE_THEME } from './style-theme.ts';
import { STYLE_PARTS } from './style-parts.ts';

/** The style sheet: colours and text, then what pages are made of. */
export const STYLE: string = STYLE_THEME + STYLE_PARTS;
