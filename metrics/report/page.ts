/** The report's page around its content: one file, no script, nothing fetched, light and dark, wide and narrow. */

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const STYLE = `
:root{color-scheme:light dark;--paper:#fbfbf9;--card:#fff;--ink:#1d2330;--faint:#667085;--rule:#e3e6ea;--limit:#c2362b;
--accent:#2463b5;--good:#1c7f52;--bad:#b3261e;--warn:#8a5a00;--good-bg:#e3f4eb;--bad-bg:#fbe6e4;--warn-bg:#fdf1d8;--plain-bg:#eef0f3}
@media(prefers-color-scheme:dark){:root{--paper:#12151b;--card:#1a1f28;--ink:#e6e9ef;--faint:#98a2b3;--rule:#2b323e;--limit:#ff8a7a;
--accent:#7fb2f5;--good:#6fd3a3;--bad:#ff8a7a;--warn:#f0c060;--good-bg:#173427;--bad-bg:#3d1f1d;--warn-bg:#3a2e14;--plain-bg:#262c37}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1080px;margin:0 auto;padding:40px 24px 80px}
header{border-bottom:1px solid var(--rule);padding-bottom:20px;margin-bottom:28px}
h1{font-size:clamp(1.6rem,4.5vw,2.3rem);line-height:1.15;margin:0 0 8px;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.3rem;margin:48px 0 12px;letter-spacing:-.01em}
h3{font-size:1rem;margin:0 0 2px}
p{margin:0 0 12px;max-width:72ch}
.meta,.note,figcaption{color:var(--faint);font-size:.88rem}
.answer{background:var(--card);border:1px solid var(--rule);border-left:4px solid var(--accent);border-radius:10px;padding:20px 22px}
.answer p{font-size:1.04rem;max-width:84ch}.answer p:last-child{margin:0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:20px}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:16px 16px 12px;min-width:0}
figure.full{grid-column:1/-1}
figcaption{margin-bottom:10px}
.plot svg{display:block;width:100%;height:auto}
.wide{display:none}.full .wide{display:block}.full .narrow{display:none}
@media(max-width:640px){.full .wide{display:none}.full .narrow{display:block}main{padding:24px 14px 56px}}
@media(min-width:641px) and (max-width:979px){.wide{display:block}.narrow{display:none}}
.scroll{overflow-x:auto;border:1px solid var(--rule);border-radius:10px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:8px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th{font-weight:600;color:var(--faint);font-size:.8rem;vertical-align:bottom}
td.text,th.text{text-align:left}td.wrap{white-space:normal;min-width:15rem}
tr:last-child td{border-bottom:0}
.tag{display:inline-block;border-radius:999px;padding:1px 9px;font-size:.76rem;font-weight:600;background:var(--plain-bg);color:var(--faint);white-space:nowrap}
.good{background:var(--good-bg);color:var(--good)}.bad{background:var(--bad-bg);color:var(--bad)}.warn{background:var(--warn-bg);color:var(--warn)}
.big{font-size:1.15rem;font-weight:650}
details{background:var(--card);border:1px solid var(--rule);border-radius:10px;margin:10px 0;padding:0 16px}
summary{cursor:pointer;padding:11px 0;font-weight:600}
details>*:last-child{margin-bottom:14px}
details ul{padding-left:20px;margin:0 0 12px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0 0 12px;font-size:.92rem}
dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
@media(max-width:640px){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}th{white-space:normal}th,td{padding:7px 8px}td.text:first-child{white-space:normal}}
@media print{details{break-inside:avoid}figure{break-inside:avoid}}
`;

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${STYLE.replaceAll('\n', '')}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}

export interface Column<T> {
  title: string;
  /** Left-aligned. */
  text?: boolean;
  wrap?: boolean;
  /** HTML. */
  cell: (row: T) => string;
}

export function table<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const kind = ({ text, wrap }: Column<T>) => (text ? ` class="text${wrap ? ' wrap' : ''}"` : '');
  const head = columns.map((column) => `<th${kind(column)}>${escapeHtml(column.title)}</th>`).join('');
  const body = rows
    .map((row) => `<tr>${columns.map((column) => `<td${kind(column)}>${column.cell(row)}</td>`).join('')}</tr>`)
    .join('\n');
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export function tag(text: string, kind: '' | 'good' | 'bad' | 'warn' = ''): string {
  return `<span class="tag ${kind}">${escapeHtml(text)}</span>`;
}

export function figure(title: string, caption: string, plot: string, full = false): string {
  return `<figure${full ? ' class="full"' : ''}><h3>${escapeHtml(title)}</h3><figcaption>${caption}</figcaption>${plot}</figure>`;
}
