export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly comment: string;
}

export function markdownFiles(root: string): string[];
export function codeBlocks(text: string): CodeBlock[];
export function fileNamed(comment: string): string | null;
export function withoutCode(text: string): string;
export function links(text: string): { target: string; line: number }[];
export function slug(text: string): string;
export function anchors(text: string): string[];
