-- The log: the newest part of every room's sequence, until it is in the database.
--
-- Everything of partition p lies in the slot of the tag {p}; the functions get the key of its `log` and derive the others.
--
--   yeoul:{p}:log             hash: owner (the run id of the server process for which the partition was adopted), epoch,
--                             i (how many entries there were), d, D (the oldest and the newest bucket of repeats), da (when the
--                             newest began), b<bucket> (when it was closed)
--   yeoul:{p}:entries         stream of what is not known to be in the database: e "<room> <seq> <n> <kind> <target> <i>"
--   yeoul:{p}:rooms           sorted set: the rooms that are warm, by when they were used last
--   yeoul:{p}:room:<room>     hash: e epoch, s head, n messages, f floor (all up to it is in the database and not here any more),
--                             c members, l and t seq and time of the last message, x 1 when removed,
--                             u<user> "<seq> <n>": a member, and how far at least this member has read
--   yeoul:{p}:events:<room>   hash: seq -> "<kind><n> <event as JSON>" of every event above the floor. No text that was replaced or
--                             erased: an edit has none of its own, and the JSON of a changed message is empty
--   yeoul:{p}:changed:<room>  hash: seq -> "<rev> <message as JSON>": messages with an edit, a delete or a reaction above the floor,
--                             as they are now; empty lists are left out
--   yeoul:{p}:reactions:<room> hash: "<target> <user> <emoji>" -> "<1 on, 0 off> <seq>", of reactions above the floor
--   yeoul:{p}:repeats:<bucket> hash: digest of room, sender and client message id -> "<seq> <n> <at>"
--   yeoul:{p}:gone            sorted set: "<room> <user>" of memberships that ended, by until when that is remembered
--
-- Kinds: m message, e edit, d delete, r reaction, j join, l leave, b member (role), o room, x removed (no event, no seq).
--
-- A server that is not the one for which a partition was adopted (it was restarted, wiped, or a replica took over) may lack
-- what was acknowledged: nothing can be appended to it until a worker adopts the partition in a new epoch. The server knows
-- its own run id, so that no caller has to be believed.
--
-- What is said by the database (`loads`) is taken only when it was read in the partition's present epoch and at most FRESH_MS
-- ago. A room goes cold only when all of it is in the database and nobody used it for a while (`idle`); memberships
-- that ended are remembered for GONE_MS. Both are far longer, so that nothing that was loaded is out of date.
--
-- The parts: log-room.lua a room during a call, log-append.lua, log-read.lua, log-write-back.lua the side of the worker.

local FRESH_MS = 5000
local GONE_MS = 60000
local BUCKETS_MAX = 16
local USED_MS = 5000

-- While the library is loaded there is no `redis.call` yet.
local function call(...)
  return redis.call(...)
end

local own_run_id

local function run_id()
  if not own_run_id then own_run_id = string.match(call('INFO', 'server'), 'run_id:(%x+)') end
  return own_run_id
end

local function now_ms()
  local now = call('TIME')
  return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

-- As text: Lua's own way with whole numbers is several times as slow.
local function text_of(number)
  return string.format('%d', number)
end

local function base_of(keys)
  return string.sub(keys[1], 1, -4)
end

-- A call may be about several partitions, which have nothing to do with each other: a fault that one of them meets is its
-- answer, 'failed' and why, and nothing to the others.
local function guarded(work, ...)
  local fine, result = pcall(work, ...)
  if fine then return result end
  return { 'failed', type(result) == 'table' and result.err or tostring(result) }
end

-- Rooms

local function room_of(base, id)
  local key = base .. 'room:' .. id
  local head = call('HMGET', key, 'e', 's', 'n', 'f', 'c', 'l', 't', 'x')
  if not head[1] then return nil end
  return {
    id = id, key = key, base = base,
    e = head[1], s = tonumber(head[2]), n = tonumber(head[3]), f = tonumber(head[4]),
    c = head[5], l = head[6], t = head[7], x = head[8],
  }
end

-- The n of an event above the floor, and whether it is a message.
local function count_of(payload)
  return tonumber(string.match(payload, '^%a(%d+)')), string.byte(payload) == 109
end

-- How many messages a room has up to a seq from its floor to its head.
local function count_at(room, seq)
  if seq >= room.s then return room.n end
  if seq > room.f then return (count_of(call('HGET', room.base .. 'events:' .. room.id, seq))) end
  local first, is_message = count_of(call('HGET', room.base .. 'events:' .. room.id, room.f + 1))
  return is_message and first - 1 or first
end

local function head_line(room)
  if not room then return '' end
  return room.e .. ' ' .. room.s .. ' ' .. room.n .. ' ' .. room.f .. ' ' .. room.c .. ' ' .. room.l .. ' ' .. room.t ..
    (room.x and ' x' or '')
end

-- The log of a partition, when it was adopted for this server.
local function open_log(keys, now)
  local head = call('HMGET', keys[1], 'owner', 'epoch', 'i', 'd', 'D', 'da')
  if head[1] ~= run_id() then return nil end
  return {
    key = keys[1], base = base_of(keys), entries = base_of(keys) .. 'entries', epoch = head[2], i = tonumber(head[3]),
    d = tonumber(head[4]), D = tonumber(head[5]), da = tonumber(head[6]), now = now, at = text_of(now), added = {},
  }
end

-- Closes the bucket that is written to when its time is over. No more than BUCKETS_MAX are looked through for each message.
local function rotate(log, window)
  if log.now - log.da < window / 4 or log.D - log.d >= BUCKETS_MAX then return end
  call('HSET', log.key, 'b' .. log.D, log.at, 'D', log.D + 1, 'da', log.at)
  log.D = log.D + 1
  log.da = log.now
end
