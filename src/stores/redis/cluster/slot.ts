/** CRC16/XMODEM by byte, as in the Redis Cluster specification ("Key distribution model"). */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

const SLOTS = 16_384;

/** Returns the slot of a key, by its hash tag where it has one. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  let crc = 0;
  for (const byte of Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key)) {
    crc = ((crc << 8) & 0xff_ff) ^ CRC16[(crc >> 8) ^ byte]!;
  }
  return crc % SLOTS;
}
