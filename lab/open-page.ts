import { spawn } from 'node:child_process';

/** Opens the page where there is a desktop; says nothing where there is none, since the address has been printed. */
export function openPage(url: string): void {
  const { DISPLAY, WAYLAND_DISPLAY, CI } = process.env;
  const isDesktop = process.platform === 'darwin' || process.platform === 'win32' || DISPLAY || WAYLAND_DISPLAY;
  if (!isDesktop || CI) return;
  const [program, ...before] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(program!, [...before, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
