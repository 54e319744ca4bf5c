import { spawn } from 'node:child_process';

// Plain JavaScript, because the fixture that proves it runs without a compiler.
export function guard(child) {
  if (child.pid === undefined) return;
  // The shell waits on a pipe that only this process holds open. A line on it calls the guard off.
  const shell = spawn('sh', ['-c', 'read -r _ || kill -9 "$0"', String(child.pid)], {
    // In a group of its own, or the Ctrl+C that ends this process would end the guard before its work.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  shell.stdin.unref();
  shell.stdin.on('error', () => {});
  child.once('exit', () => shell.stdin.end('\n'));
}
