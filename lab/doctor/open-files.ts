/** How many files (and so sockets) one process may open here. */

interface Report {
  userLimits?: { open_files?: { soft: number | 'unlimited' } };
}

/** The soft limit; Infinity where there is none, as on Windows. */
export function openFileLimit(): number {
  if (process.platform === 'win32' || !process.report) return Number.POSITIVE_INFINITY;
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  // Asking for the names behind open sockets can take seconds.
  report.excludeNetwork = true;
  const soft = (report.getReport() as unknown as Report).userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}

/** Files of a process that are none of its players' sockets: libraries, pipes, event descriptors, with room to spare. */
export const OWN_FILES = 200;
