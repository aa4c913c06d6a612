/** The config of a match in the settings of a room. Nobody's past is kept there: shots are not rewound between peers. */
import { checkMatchConfig, type MatchConfig, SCENARIOS } from '../game/arena.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { ProtocolError } from './protocol.ts';

export function writeMatchConfig(writer: ByteWriter, config: MatchConfig): ByteWriter {
  return writer
    .u32(config.seed)
    .u8(config.tickRateHz)
    .u16(config.players)
    .u16(config.inView)
    .u8(SCENARIOS.indexOf(config.scenario));
}

/** Reads to the end. Throws a ProtocolError on anything that no match can be. */
export function readMatchConfig(reader: ByteReader): MatchConfig {
  const config = {
    seed: reader.u32(),
    tickRateHz: reader.u8(),
    players: reader.u16(),
    inView: reader.u16(),
    scenario: SCENARIOS[reader.u8()]!,
    historyTicks: 0,
  };
  reader.end();
  try {
    checkMatchConfig(config);
  } catch (error) {
    throw new ProtocolError(`settings of no match: ${(error as Error).message}`);
  }
  return config;
}
