import type { Room, RoomEvent } from './model.ts'

/** What changes of a room besides its messages. */
export type RoomFacts = Pick<Room, 'title' | 'capacity' | 'memberCount'>

/** The room after an event: a new object, or the same one when the event is about something else. */
export function factsAfter<T extends RoomFacts>(room: T, event: RoomEvent): T {
  switch (event.type) {
    case 'join':
      return { ...room, memberCount: room.memberCount + 1 }
    case 'leave':
      return { ...room, memberCount: room.memberCount - 1 }
    case 'room':
      return { ...room, ...event.changes }
    default:
      return room
  }
}
