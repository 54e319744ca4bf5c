import type { Metadata } from 'next';

export const metadata: Metadata = { title: 'About' };

// No session here: the page is made at build time, and is the same for all visitors.
export default function About() {
  return (
    <>
      <h1>About</h1>
      <p>A page that uses no session stays static.</p>
    </>
  );
}
