import type { Bus, BusHandlers, RoomNotice, UserNotice } from '../../ports/bus.ts'

/** The bus of a single node: calls the same handlers, at once, and loses nothing. */
export class MemoryBus implements Bus {
  #handlers: BusHandlers | null = null
  #interest = new Map<string, number>()

  listen(handlers: BusHandlers): void {
    this.#handlers = handlers
  }

  publish(room: string, notice: RoomNotice): void {
    if (this.#interest.has(room)) this.#handlers?.room(room, notice)
  }

  publishToUser(user: string, notice: UserNotice): void {
    this.#handlers?.user(user, notice)
  }

  addInterest(room: string): void {
    this.#interest.set(room, (this.#interest.get(room) ?? 0) + 1)
  }

  dropInterest(room: string): void {
    const left = (this.#interest.get(room) ?? 0) - 1
    if (left > 0) this.#interest.set(room, left)
    else this.#interest.delete(room)
  }
}
