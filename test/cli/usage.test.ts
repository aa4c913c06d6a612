/** What the command says to those who mistype, and the numbers it ends with. */
import { describe, expect, test } from 'vitest';
import { netbed as program } from '../../lab/program.ts';
import { netbed } from './netbed.ts';

const MISTAKES: [string[], RegExp][] = [
  [['run', '--topology', 'ring'], /--topology.*ring.*server, host, lockstep/s],
  [['run', '--network', 'modem'], /--network.*modem.*lan, good, wifi, mobile/s],
  [['run', '--players', 'many'], /--players.*many.*1 to 20000/s],
  [['run', '--players', '0'], /--players.*0.*1 to 20000/s],
  [['run', '--duration', 'soon'], /--duration.*soon.*30s/s],
  [['run', '--policy', 'hunter:2:3'], /--policy.*hunter:2:3.*weights/s],
  [['run', '--policy', 'dance'], /--policy.*dance.*wander.*hunter/s],
  [['run', '--cheat', 'fly'], /--cheat.*fly.*speed.*map-hack/s],
  [['run', '--cheat', 'look-ahead'], /--cheat look-ahead.*server allowed are speed.*map-hack/s],
  [['run', '--topology', 'lockstep', '--cheat', 'speed'], /--cheat speed.*lockstep allowed are map-hack, look-ahead/s],
  [['run', '--deadline'], /--deadline.*lockstep/s],
  [['run', '--cheaters', '3'], /--cheaters 3.*--cheat/s],
  [['run', '--players', '4', '--cheat', 'speed', '--cheaters', '3'], /--cheaters 3.*at most 2/s],
  [['run', '--threshold', 'tick.p98<5ms'], /--threshold.*tick\.p98.*tick\.p99/s],
  [['run', '--threshold', 'tick.p99<5'], /--threshold.*unit.*ms/s],
  [['run', '--snapshot-rate', '60'], /--snapshot-rate 60.*20/s],
  [['run', '--dedicated'], /--dedicated.*host/s],
  [['run', '--topology', 'lockstep', '--dedicated'], /--dedicated.*host.*lockstep/s],
  [['run', '--topology', 'lockstep', '--players', '65'], /--players 65.*lockstep.*64/s],
  [['run', '--topology', 'lockstep', '--lag-compensation', '100'], /--lag-compensation 100.*server or host.*lockstep/s],
  [['run', '--rollback'], /--rollback.*lockstep.*server/s],
  [['run', '--topology', 'host', '--max-delay', '200ms'], /--max-delay 200.*lockstep.*host/s],
  [['run', '--nat-blocked', '20%'], /--nat-blocked 0\.2.*lockstep.*server/s],
  [['run', '--topology', 'lockstep', '--nat-blocked', '120%'], /--nat-blocked.*120%.*20%/s],
  [['run', '--topology', 'lockstep', '--max-delay', '300'], /--max-delay.*300.*300ms.*2000 ms/s],
  [['run', '--simulated', '--players', '5000'], /--players 5000.*400/s],
  [['run', '--simulated', '--inject', 'overload'], /--inject overload/],
  [['run', '--port', '99999'], /--port.*99999.*65535/s],
  [['run', '--simulated', '--port', '4000'], /--port 4000.*--simulated/s],
  [['run', '--out', 'README.md'], /--out README\.md.*a directory/s],
  [['run', '--out', 'README.md/runs'], /--out README\.md\/runs.*a directory/s],
  [['answer', '--out', 'README.md'], /--out README\.md.*a directory/s],
  [['answer', '--runs', 'README.md'], /--runs README\.md.*a directory/s],
  [['report', 'README.md', '--out', 'docs'], /--out docs.*a file/s],
  [['report', 'README.md'], /README\.md.*JSON.*allowed are runs/s],
  [['run', '--frobnicate'], /frobnicate/],
  [['fly'], /fly/],
  [['report', 'no/such/run'], /no\/such\/run/],
];

describe('bad usage', () => {
  for (const [args, says] of MISTAKES) {
    test(`netbed ${args.join(' ')}`, async () => {
      let said = '';
      const output = {
        writeOut: () => expect.unreachable('nothing on standard output'),
        writeErr: (text: string) => (said += text),
      };
      expect(await program(args, output)).toBe(2);
      expect(said).toMatch(says);
    });
  }
});

test.runIf(process.platform === 'linux')(
  'a directory that takes no children is refused, and no run begins',
  async () => {
    const { code, stderr } = await netbed('run', '--out', '/proc/nothing/here');
    expect(stderr).toMatch(/^error: option '--out \/proc\/nothing\/here'.*ENOENT/);
    expect(code).toBe(2);
  },
);

test('the process itself ends with that number', async () => {
  const { code, stdout, stderr } = await netbed('run', '--topology', 'ring');
  expect(stderr).toMatch(/--topology.*ring.*server, host/s);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('help names every topology, network, policy and cheat of the registries', async () => {
  const { code, stdout } = await netbed('run', '--help');
  expect(code).toBe(0);
  for (const id of ['server', 'host', 'wifi', 'collector', 'afk', 'speed', 'map-hack', 'tick.p99', 'desync']) {
    expect(stdout).toContain(id);
  }
});

test('doctor finds on this machine what the tests need, as lines and as JSON', async () => {
  const lines = await netbed('doctor');
  expect(lines.stdout).toMatch(/ok\s+WebRTC/);
  expect(lines.code).toBe(0);
  const { code, stdout } = await netbed('doctor', '--json');
  const findings = JSON.parse(stdout) as { id: string; ok: boolean }[];
  expect(code).toBe(0);
  expect(findings.map(({ id }) => id)).toEqual(['node', 'cores', 'files', 'tcp', 'udp', 'webrtc', 'browser']);
});
