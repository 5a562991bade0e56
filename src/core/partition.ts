import { crc32 } from 'node:zlib'

/** The partition of a room, or of a user: 0 to `partitions` - 1. Fixed for the life of a cluster: never change this. */
export function partitionOf(id: string, partitions: number): number {
  return crc32(id) % partitions
}
