/**
 * Tables of typed columns that grow by doubling, and their packing into one run of bytes. Recorders append to them many
 * times per tick, so a row is a handful of stores and nothing is allocated but by doubling.
 */
const KINDS = {
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;
type Kind = keyof typeof KINDS;
type ColumnOf = { u8: Uint8Array; i16: Int16Array; u16: Uint16Array; i32: Int32Array; f64: Float64Array };

export type Shape = Record<string, Kind>;
export type ColumnsOf<S extends Shape> = { [K in keyof S]: ColumnOf[S[K]] };

/** Read-only rows: what decoding gives. Columns are exactly `count` long. */
export interface Rows<S extends Shape> {
  readonly count: number;
  readonly columns: ColumnsOf<S>;
}

export class Table<S extends Shape> {
  count = 0;
  /** Larger than `count`; replaced when `reserve` grows them, so take them after it. */
  columns: ColumnsOf<S>;
  /** Rows that found no room. */
  dropped = 0;
  readonly #shape: S;
  readonly #limit: number;
  #capacity: number;

  /** Never holds more than `limit` rows; what comes after is counted in `dropped`. */
  constructor(shape: S, limit: number) {
    this.#shape = shape;
    this.#limit = limit;
    this.#capacity = Math.min(1024, limit);
    this.columns = Object.fromEntries(
      Object.entries(shape).map(([name, kind]) => [name, new KINDS[kind](this.#capacity)]),
    ) as ColumnsOf<S>;
  }

  /** Makes room for `rows` more; false, and nothing to be written, when the table is full. */
  reserve(rows: number): boolean {
    const wanted = this.count + rows;
    if (wanted <= this.#capacity) return true;
    if (wanted > this.#limit) {
      this.dropped += rows;
      return false;
    }
    this.#capacity = Math.min(this.#limit, Math.max(wanted, this.#capacity * 2));
    for (const [name, kind] of Object.entries(this.#shape)) {
      const larger = new KINDS[kind](this.#capacity);
      larger.set(this.columns[name]!);
      (this.columns as Record<string, unknown>)[name] = larger;
    }
    return true;
  }

  get shape(): S {
    return this.#shape;
  }
}

interface Header {
  meta: unknown;
  tables: { name: string; count: number; dropped: number; columns: [string, Kind][] }[];
}

const MAGIC = 0x3144424e; // 'NBD1'
const padded = (bytes: number) => (bytes + 7) & ~7;

/** One run of bytes: magic, header length, header as JSON, then the columns, each aligned to 8 bytes. */
export function packTables(meta: unknown, tables: Record<string, Table<Shape>>): Uint8Array {
  const header: Header = {
    meta,
    tables: Object.entries(tables).map(([name, table]) => ({
      name,
      count: table.count,
      dropped: table.dropped,
      columns: Object.entries(table.shape),
    })),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  let size = padded(8 + json.length);
  for (const { count, columns } of header.tables) {
    for (const [, kind] of columns) size += padded(count * KINDS[kind].BYTES_PER_ELEMENT);
  }
  const packed = new Uint8Array(size);
  const words = new DataView(packed.buffer);
  words.setUint32(0, MAGIC, true);
  words.setUint32(4, json.length, true);
  packed.set(json, 8);
  let at = padded(8 + json.length);
  for (const { name, count, columns } of header.tables) {
    for (const [column, kind] of columns) {
      const bytes = count * KINDS[kind].BYTES_PER_ELEMENT;
      packed.set(new Uint8Array(tables[name]!.columns[column]!.buffer, 0, bytes), at);
      at += padded(bytes);
    }
  }
  return packed;
}

/** Undoes `packTables`, copying the bytes once. Throws a RangeError when they are not a recording. */
export function unpackTables(bytes: Uint8Array): {
  meta: unknown;
  tables: Record<string, Rows<Shape>>;
  dropped: number;
} {
  if (bytes.length < 8) throw new RangeError(`a recording of ${bytes.length} bytes is too short`);
  // Not by `slice`: that of a Buffer does not copy, and the tables need an aligned beginning.
  const aligned = new Uint8Array(bytes);
  const words = new DataView(aligned.buffer);
  if (words.getUint32(0, true) !== MAGIC) throw new RangeError('these bytes are not a netbed recording');
  const jsonLength = words.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(aligned.subarray(8, 8 + jsonLength))) as Header;
  const tables: Record<string, Rows<Shape>> = {};
  let dropped = 0;
  let at = padded(8 + jsonLength);
  for (const { name, count, columns, dropped: lost } of header.tables) {
    const unpacked: Record<string, unknown> = {};
    for (const [column, kind] of columns) {
      const end = at + count * KINDS[kind].BYTES_PER_ELEMENT;
      if (end > aligned.length) throw new RangeError(`the recording ends inside ${name}.${column}`);
      unpacked[column] = new KINDS[kind](aligned.buffer, at, count);
      at += padded(count * KINDS[kind].BYTES_PER_ELEMENT);
    }
    tables[name] = { count, columns: unpacked as ColumnsOf<Shape> };
    dropped += lost;
  }
  return { meta: header.meta, tables, dropped };
}
