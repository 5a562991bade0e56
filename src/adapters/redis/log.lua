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
--   fetch(after, limit, bytes)     -> instance, owner, epoch, waiting, then id, room, seq, n, kind, payload, changed of each entry
--   trim(epoch, up to, limit)      -> 1 when there is more to trim; forgets entries of this epoch up to an id, all of them in
--                                     the database
--   tidy(window, idle)             lets idle rooms go cold and drops buckets of repeats whose window is over
--   adopt(epoch, instance, limit)  -> 1 done, 2 call again, 0 refused; empties the partition and begins a new life

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

-- Appending
--
--   append: origin, as of, epoch, window, channel, number of rooms, then of each room:
--     id, load, number of drafts, then of each draft by its kind:
--       m actor member key ask reply there rest
--       e actor member target given body mentions rest
--       d actor member target given moderate rest
--       r actor member target given emoji on most rest
--       c key kind user members at rest             (a change of the room or its members, from the outbox)
--       q key                                      (what became of such a change)
--     load: '' nothing is known, '-' there is no such room, or "epoch seq n members last last-at" of the database
--     member: '' nothing is known, 1 or 0 as the database says      ask: 1 when the database must be asked for repeats
--     there: '' nothing is known, or "<head> <0 or 1: there is such a message>" of the database
--     given: '' nothing is known, or "<head> <0 or 1: has reacted so> <message as JSON, - for none>" of the database
--     rest: the event as JSON from its type on, without the last brace
--   -> 'ok', now, and of each draft "a epoch seq n at" appended, "d epoch seq n at" a repeat, "r code" refused,
--      "? what" nothing was done and the database must be asked about: r room, u user, t target, q repeat, w (waits for another)
--   -> 'fenced', now, or 'stale', now: nothing was done at all

local Room = {}
Room.__index = Room

local function open_room(base, id, load, now)
  local room = room_of(base, id)
  if not room then
    if load == '' then return nil end
    if load == '-' then return false end
    local e, s, n, c, l, t = string.match(load, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
    room = { id = id, key = base .. 'room:' .. id, base = base }
    room.e, room.s, room.n, room.f = e, tonumber(s), tonumber(n), tonumber(s)
    room.c, room.l, room.t = c, l, t
    call('HSET', room.key, 'e', e, 's', s, 'n', n, 'f', s, 'c', c, 'l', l, 't', t)
    call('ZADD', base .. 'rooms', text_of(now), id)
  end
  room.users = {}       -- user -> "seq n" of members, false of those who are unknown here
  room.cursors = {}     -- what of it is new
  room.added = {}       -- seq -> payload
  room.messages = {}    -- seq -> message as it is now, or false
  room.changes = {}     -- seq -> true: of these, those to be written
  room.reacted = {}     -- field -> value
  room.entries = {}     -- of the stream
  room.told = {}        -- events as JSON for the bus
  room.moved = {}       -- users who came or went, and of these
  room.left = {}        -- user -> true: those who are out
  return setmetatable(room, Room)
end

-- Whether a user is a member: nil when only the database knows.
function Room:member(user, said, now)
  local known = self.users[user]
  if known == nil then
    known = call('HGET', self.key, 'u' .. user)
    self.users[user] = known
  end
  if known then return true end
  if self.left[user] or said == '0' then return false end
  if said == '' then return nil end
  local until_ = call('ZSCORE', self.base .. 'gone', self.id .. ' ' .. user)
  if until_ and tonumber(until_) > now then return false end
  self:read_up_to(user, '0 0')
  return true
end

function Room:read_up_to(user, cursor)
  self.users[user] = cursor
  self.cursors[user] = cursor
end

-- Whether a room has no event at such a seq.
function Room:beyond(seq)
  return seq < 1 or seq > self.s or seq % 1 ~= 0
end

function Room:payload(seq)
  return self.added[seq] or call('HGET', self.base .. 'events:' .. self.id, seq)
end

-- Whether there is a message at a seq: nil when only the database knows.
function Room:has_message(seq, there)
  if self:beyond(seq) then return false end
  if seq > self.f then return string.byte(self:payload(seq)) == 109 end
  local head, is = string.match(there, '^(%d+) ([01])$')
  -- The database had not all yet that has left the log since.
  if not head or tonumber(head) < self.f then return nil end
  return is == '1'
end

local function message_of(event)
  return {
    seq = event.seq, n = event.n, sender = event.actor, clientMessageId = event.clientMessageId, body = event.body,
    at = event.at, replyTo = event.replyTo, mentions = event.mentions, files = event.files, rev = event.seq,
  }
end

-- What the database said of a message: nil when it said nothing, or had not all yet that has left the log since.
local function read_given(given, room)
  local head, has, json = string.match(given, '^(%d+) ([01]) (.*)$')
  if not head or tonumber(head) < room.f then return nil end
  return has == '1', json
end

-- The message at a seq as it is now, false when there is none, nil when only the database knows.
function Room:message(seq, given)
  -- Not to be remembered: it may come in this very call.
  if self:beyond(seq) then return false end
  local known = self.messages[seq]
  if known ~= nil then return known end
  local found = false
  local changed = call('HGET', self.base .. 'changed:' .. self.id, seq)
  if changed then
    found = cjson.decode(string.match(changed, '^%d+ (.*)$'))
  elseif seq > self.f then
    local payload = self:payload(seq)
    if string.byte(payload) == 109 then found = message_of(cjson.decode(string.match(payload, '^m%d+ (.*)$'))) end
  else
    local _, json = read_given(given, self)
    if not json then return nil end
    if json ~= '-' then found = cjson.decode(json) end
  end
  self.messages[seq] = found
  return found
end

-- Whether a user has this reaction on a message: nil when only the database knows.
function Room:has_reacted(seq, field, given)
  local value = self.reacted[field] or call('HGET', self.base .. 'reactions:' .. self.id, field)
  if value then return string.byte(value) == 49 end
  if seq > self.f then return false end
  return (read_given(given, self))
end

-- Takes the next seq for an event. `told` is what goes to the bus when that is more than what is kept.
function Room:add(log, kind, target, at, rest, text)
  self.s = self.s + 1
  local seq = text_of(self.s)
  local head = '{"seq":' .. seq .. ',"at":' .. at .. ','
  local n
  if kind == 'm' then
    self.n = self.n + 1
    n = text_of(self.n)
    -- Who is used all the time need not be noted each time.
    if log.now - self.t > USED_MS then self.used = true end
    self.l, self.t = seq, at
    head = head .. '"n":' .. n .. ',' .. rest
  else
    n = text_of(self.n)
    self.used = true
    head = head .. rest
  end
  local kept = head .. '}'
  self.added[self.s] = kind .. n .. ' ' .. kept
  self.told[#self.told + 1] = text and (head .. text .. '}') or kept
  log.i = log.i + 1
  self.entries[#self.entries + 1] =
    self.id .. ' ' .. seq .. ' ' .. n .. ' ' .. kind .. ' ' .. target .. ' ' .. text_of(log.i)
  self.place = seq .. ' ' .. n
  return 'a ' .. self.e .. ' ' .. (kind == 'm' and self.place or seq .. ' 0') .. ' ' .. at
end

-- Notes that a message is another now; its text in the log goes.
function Room:change(message)
  self.changes[message.seq] = true
  if message.seq > self.f then self.added[message.seq] = 'm' .. message.n .. ' ' end
end

local function put(key, fields)
  local flat, count = {}, 0
  for field, value in pairs(fields) do
    flat[count + 1] = type(field) == 'number' and text_of(field) or field
    flat[count + 2] = value
    count = count + 2
    if count >= 1000 then
      call('HSET', key, unpack(flat))
      flat, count = {}, 0
    end
  end
  if count > 0 then call('HSET', key, unpack(flat)) end
end

-- What is to be written of the messages that changed.
function Room:changed_messages()
  local messages = {}
  for seq in pairs(self.changes) do
    local message = self.messages[seq]
    messages[seq] = message.rev .. ' ' .. cjson.encode(message)
  end
  return messages
end

-- Writes what became of the room in this call. Whatever could fail was done before: Redis takes nothing back.
function Room:store(log)
  for _, entry in ipairs(self.entries) do call('XADD', log.entries, '*', 'e', entry) end
  put(self.base .. 'events:' .. self.id, self.added)
  put(self.base .. 'changed:' .. self.id, self.now_changed)
  put(self.base .. 'reactions:' .. self.id, self.reacted)
  for _, user in ipairs(self.moved) do
    if self.left[user] then
      call('HDEL', self.key, 'u' .. user)
      call('ZADD', self.base .. 'gone', text_of(log.now + GONE_MS), self.id .. ' ' .. user)
    else
      call('ZREM', self.base .. 'gone', self.id .. ' ' .. user)
    end
  end
  local fields = {}
  for user, cursor in pairs(self.cursors) do fields['u' .. user] = cursor end
  if #self.told > 0 then
    fields.s, fields.n, fields.c, fields.l, fields.t = text_of(self.s), text_of(self.n), self.c, self.l, self.t
    if self.used then call('ZADD', self.base .. 'rooms', log.at, self.id) end
  end
  if self.removed then fields.x = '1' end
  put(self.key, fields)
end

-- Repeats

local function find_repeat(log, key)
  local known = log.added[key]
  if known then return known end
  for bucket = log.D, log.d, -1 do
    known = call('HGET', log.base .. 'repeats:' .. bucket, key)
    if known then return known end
  end
  return nil
end

local function repeated(room, value)
  return 'd ' .. room.e .. ' ' .. value
end

-- Closes the bucket that is written to when its time is over. No more than BUCKETS_MAX are looked through for each message.
local function rotate(log, window)
  if log.now - log.da < window / 4 or log.D - log.d >= BUCKETS_MAX then return end
  call('HSET', log.key, 'b' .. log.D, log.at, 'D', log.D + 1, 'da', log.at)
  log.D = log.D + 1
  log.da = log.now
end

-- Drafts: each returns the answer, or what the database must say first.

local drafts = {}

function drafts.m(log, room, actor, member, key, ask, reply, there, rest)
  local known = find_repeat(log, key)
  if known and reply == '' then return repeated(room, known) end
  local is_member = room:member(actor, member, log.now)
  if is_member == nil then return nil, 'u' end
  if not is_member then
    if known then return repeated(room, known) end
    -- Who sent it before leaving is told so.
    if ask == '1' then return nil, 'q' end
    return 'r not_a_member'
  end
  if reply ~= '' then
    local found = room:has_message(tonumber(reply), there)
    if found == nil then return nil, 't' end
    if not found then return 'r message_not_found' end
  end
  if known then return repeated(room, known) end
  if ask == '1' then return nil, 'q' end
  local answer = room:add(log, 'm', '0', log.at, rest)
  log.added[key] = room.place .. ' ' .. log.at
  room:read_up_to(actor, room.place)
  return answer
end

-- What edit, delete and reaction have in common: the message, or the answer.
local function open_message(log, room, actor, member, target, given)
  local is_member = room:member(actor, member, log.now)
  if is_member == nil then return nil, nil, 'u' end
  if not is_member then return nil, 'r not_a_member' end
  local message = room:message(tonumber(target), given)
  if message == nil then return nil, nil, 't' end
  if not message then return nil, 'r message_not_found' end
  return message
end

function drafts.e(log, room, actor, member, target, given, body, mentions, rest)
  local message, answer, need = open_message(log, room, actor, member, target, given)
  if not message then return answer, need end
  if message.sender ~= actor then return 'r not_the_sender' end
  if message.deletedAt then return 'r message_deleted' end
  local text = ',"body":' .. cjson.encode(body) .. (mentions == '' and '' or ',"mentions":' .. mentions)
  answer = room:add(log, 'e', target, log.at, rest, text)
  message.body = body
  message.mentions = mentions ~= '' and cjson.decode(mentions) or nil
  message.editedAt = log.now
  message.rev = room.s
  room:change(message)
  return answer
end

function drafts.d(log, room, actor, member, target, given, moderate, rest)
  local message, answer, need = open_message(log, room, actor, member, target, given)
  if not message then return answer, need end
  if message.sender ~= actor and moderate ~= '1' then return 'r not_the_sender' end
  if message.deletedAt then return 'r message_deleted' end
  answer = room:add(log, 'd', target, log.at, rest)
  message.body, message.mentions, message.files, message.reactions = nil, nil, nil, nil
  message.deletedAt = log.now
  message.rev = room.s
  room:change(message)
  return answer
end

-- As `applyEvent` in protocol/message.ts changes the reactions that a client holds.
local function react(reactions, at, user, on, emoji)
  local old = reactions[at]
  if not old then
    reactions[#reactions + 1] = { emoji = emoji, count = 1, users = { user } }
    return
  end
  old.count = old.count + (on and 1 or -1)
  if old.count <= 0 then
    table.remove(reactions, at)
  elseif on then
    if #old.users < 20 then old.users[#old.users + 1] = user end
  else
    for i, each in ipairs(old.users) do
      if each == user then
        table.remove(old.users, i)
        break
      end
    end
  end
end

function drafts.r(log, room, actor, member, target, given, emoji, on, most, rest)
  local message, answer, need = open_message(log, room, actor, member, target, given)
  if not message then return answer, need end
  if message.deletedAt then return 'r message_deleted' end
  local field = target .. ' ' .. actor .. ' ' .. emoji
  local has = room:has_reacted(message.seq, field, given)
  if has == nil then return nil, 't' end
  local wanted = on == '1'
  if has == wanted then return 'd ' .. room.e .. ' ' .. message.rev .. ' 0 ' .. log.at end
  local reactions = message.reactions or {}
  local at
  for i, each in ipairs(reactions) do
    if each.emoji == emoji then at = i end
  end
  if wanted and not at and #reactions >= tonumber(most) then return 'r too_many_reactions' end
  answer = room:add(log, 'r', target, log.at, rest)
  if wanted or at then react(reactions, at, actor, wanted, emoji) end
  message.reactions = #reactions > 0 and reactions or nil
  message.rev = room.s
  room.reacted[field] = on .. ' ' .. text_of(room.s)
  room:change(message)
  return answer
end

function drafts.c(log, room, key, kind, user, members, at, rest)
  local known = find_repeat(log, key)
  if known then return repeated(room, known) end
  if kind == 'x' then
    room.removed = true
    room.x = '1'
    return 'a ' .. room.e .. ' ' .. room.s .. ' ' .. room.n .. ' ' .. at
  end
  local answer = room:add(log, kind, '0', at, rest)
  room.c = members
  log.added[key] = room.place .. ' ' .. at
  if kind == 'j' then
    room.moved[#room.moved + 1] = user
    room.left[user] = nil
    room:read_up_to(user, room.place)
  elseif kind == 'l' then
    room.moved[#room.moved + 1] = user
    room.left[user] = true
    room.users[user] = false
    room.cursors[user] = nil
  end
  -- Members' answers carry the n of the room, of which clients count what they have not read.
  return (string.gsub(answer, '^(a %d+ %d+) %d+', '%1 ' .. room.n))
end

function drafts.q(log, room, key)
  local known = find_repeat(log, key)
  return known and repeated(room, known) or 'r unavailable'
end

local WIDTH = { m = 7, e = 7, d = 6, r = 8, c = 6, q = 1 }

-- What a draft that waits for another one will need as well.
local function look_ahead(log, room, kind, args, at)
  if kind == 'c' or kind == 'q' then return 'w' end
  if room:member(args[at], args[at + 1], log.now) == nil then return 'u' end
  if kind == 'm' then
    local reply = args[at + 4]
    if reply ~= '' and room:has_message(tonumber(reply), args[at + 5]) == nil then return 't' end
    if args[at + 3] == '1' and not find_repeat(log, args[at + 2]) then return 'q' end
  else
    local target, given = args[at + 2], args[at + 3]
    local message = room:message(tonumber(target), given)
    if message == nil then return 't' end
    if message and kind == 'r' then
      local field = target .. ' ' .. args[at] .. ' ' .. args[at + 4]
      if room:has_reacted(message.seq, field, given) == nil then return 't' end
    end
  end
  return 'w'
end

local function append_to(log, room, args, at, count, answers)
  local blocked = false
  for _ = 1, count do
    local kind = args[at]
    local width = WIDTH[kind]
    local answer, need
    if room == nil then
      need = 'r'
    elseif not room or (room.x and kind ~= 'c' and kind ~= 'q') then
      answer = 'r room_not_found'
    elseif blocked then
      need = look_ahead(log, room, kind, args, at + 1)
    else
      answer, need = drafts[kind](log, room, unpack(args, at + 1, at + width))
    end
    -- Who comes after one that must wait, waits too: a room's events keep their order.
    if not answer then blocked = true end
    answers[#answers + 1] = answer or '? ' .. need
    at = at + 1 + width
  end
  return at
end

-- The number of the next push, as bus.lua counts them.
local function next_push(base)
  local counter = base .. 'pushes'
  local number = call('INCR', counter)
  if number == 1 then
    number = now_ms() * 1000
    call('SET', counter, string.format('%d', number))
  end
  return string.format('%d', number)
end

local function tell(log, origin, channel, notices)
  call('SPUBLISH', channel, next_push(log.base) .. ' ' .. origin .. '\n' .. table.concat(notices, '\n'))
end

local function open_log(keys, now)
  local head = call('HMGET', keys[1], 'owner', 'epoch', 'i', 'd', 'D', 'da')
  if head[1] ~= run_id() then return nil end
  return {
    key = keys[1], base = base_of(keys), entries = base_of(keys) .. 'entries', epoch = head[2], i = tonumber(head[3]), d = tonumber(head[4]), D = tonumber(head[5]),
    da = tonumber(head[6]), now = now, at = text_of(now), added = {},
  }
end

local function append(keys, args)
  local now = now_ms()
  local origin, as_of, epoch, window, channel = args[1], tonumber(args[2]), args[3], tonumber(args[4]), args[5]
  local log = open_log(keys, now)
  if not log then return { 'fenced', now } end
  if epoch ~= '' and (epoch ~= log.epoch or math.abs(now - as_of) > FRESH_MS) then return { 'stale', now } end
  rotate(log, window)
  local before = log.i
  local answers = { 'ok', now }
  local rooms, notices = {}, {}
  local at = 7
  for _ = 1, tonumber(args[6]) do
    local id, load, count = args[at], args[at + 1], tonumber(args[at + 2])
    local room = open_room(log.base, id, load, now)
    at = append_to(log, room, args, at + 3, count, answers)
    if room then
      rooms[#rooms + 1] = room
      room.now_changed = room:changed_messages()
      if #room.told > 0 then
        notices[#notices + 1] = id .. ' {"kind":"events","epoch":' .. room.e .. ',"events":[' .. table.concat(room.told, ',') .. ']}'
      end
    end
  end
  for _, room in ipairs(rooms) do room:store(log) end
  put(log.base .. 'repeats:' .. log.D, log.added)
  if log.i > before then
    call('HSET', log.key, 'i', text_of(log.i))
    tell(log, origin, channel, notices)
  end
  return answers
end

register('append', append)

-- Reading

-- heads: room ids -> of each "epoch seq n floor members last last-at" and " x" when it was removed; '' when it is cold
local function heads(keys, args)
  local base = base_of(keys)
  local lines = {}
  for i, id in ipairs(args) do lines[i] = head_line(room_of(base, id)) end
  return lines
end

register('heads', heads, { 'no-writes' })

-- The message that an event shows as it is now, '' when the event says it all.
local function changed_by(room, seq, payload)
  local kind = string.sub(payload, 1, 1)
  local about = seq
  if kind == 'e' then
    about = string.match(payload, '"target":(%d+)')
  elseif kind ~= 'm' then
    return ''
  end
  local changed = call('HGET', room.base .. 'changed:' .. room.id, about)
  return changed and string.match(changed, '^%d+ (.*)$') or ''
end

local function show(room, seq, payload, found)
  found[#found + 1] = payload
  found[#found + 1] = changed_by(room, seq, payload)
end

-- read: room, after, limit -> head, then payload and changed message of each event above both `after` and the floor
local function read(keys, args)
  local room = room_of(base_of(keys), args[1])
  local found = { head_line(room) }
  if not room then return found end
  local first = math.max(tonumber(args[2]), room.f) + 1
  local last = math.min(room.s, first + tonumber(args[3]) - 1)
  for seq = first, last do
    show(room, seq, call('HGET', room.base .. 'events:' .. room.id, seq), found)
  end
  return found
end

register('read', read, { 'no-writes' })

-- The seq of the message number n, between two seqs above the floor. Counts never fall, so it is found by halving.
local function seq_of(room, n, low, high)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if count_at(room, middle) >= n then high = middle else low = middle + 1 end
  end
  return low
end

-- messages: room, after, before ('' each for none), limit -> head, n at the floor, n at the end of the range ('' when that lies
-- below the floor), then payload and changed message of each above the floor: the first after `after`, rising, or the last
-- before `before`, falling
local function messages(keys, args)
  local room = room_of(base_of(keys), args[1])
  local found = { head_line(room), '', '' }
  if not room then return found end
  local after, before, limit = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local low = math.max(after or 0, room.f) + 1
  local high = math.min((before or room.s + 1) - 1, room.s)
  found[2] = count_at(room, room.f)
  if high >= room.f then found[3] = count_at(room, high) end
  if low > high then return found end
  local first, last = count_at(room, low - 1) + 1, found[3]
  local wanted = math.min(limit, last - first + 1)
  local events = room.base .. 'events:' .. room.id
  if after then
    local seq = low
    for n = first, first + wanted - 1 do
      local payload = call('HGET', events, seq)
      if string.byte(payload) ~= 109 then
        seq = seq_of(room, n, seq, high)
        payload = call('HGET', events, seq)
      end
      show(room, seq, payload, found)
      seq = seq + 1
    end
  else
    local seq = high
    for n = last, last - wanted + 1, -1 do
      local payload = call('HGET', events, seq)
      if string.byte(payload) ~= 109 then
        seq = seq_of(room, n, low, seq)
        payload = call('HGET', events, seq)
      end
      show(room, seq, payload, found)
      seq = seq - 1
    end
  end
  return found
end

register('messages', messages, { 'no-writes' })

-- changed: room, seqs -> head, then of each the payload when it is above the floor, and the changed message; '' for none
local function changed(keys, args)
  local room = room_of(base_of(keys), args[1])
  local found = { head_line(room) }
  if not room then return found end
  for i = 2, #args do
    local seq = tonumber(args[i])
    found[#found + 1] = seq > room.f and call('HGET', room.base .. 'events:' .. room.id, seq) or ''
    local message = call('HGET', room.base .. 'changed:' .. room.id, seq)
    found[#found + 1] = message and string.match(message, '^%d+ (.*)$') or ''
  end
  return found
end

register('changed', changed, { 'no-writes' })

-- count: room, seq -> head, and how many messages there are up to the seq; '' when it lies below the floor
local function count(keys, args)
  local room = room_of(base_of(keys), args[1])
  if not room then return { '', '' } end
  local seq = tonumber(args[2])
  return { head_line(room), seq >= room.f and count_at(room, seq) or '' }
end

register('count', count, { 'no-writes' })

-- cursors: number of pairs of room and user -> of each "seq n" of what this user at least has read, or ''
local function cursors(keys, args)
  local base = base_of(keys)
  local found = {}
  for i = 1, #args, 2 do
    found[#found + 1] = call('HGET', base .. 'room:' .. args[i], 'u' .. args[i + 1]) or ''
  end
  return found
end

register('cursors', cursors, { 'no-writes' })

-- The side of the worker

local function fetch(keys, args)
  local base = base_of(keys)
  local log = call('HMGET', keys[1], 'owner', 'epoch', 'i')
  local answer = { run_id(), log[1] or '', log[2] or '0', 0 }
  local after, left = args[1], tonumber(args[3])
  for i, entry in ipairs(call('XRANGE', base .. 'entries', '(' .. after, '+', 'COUNT', args[2])) do
    local id, seq, n, kind, target, number = string.match(entry[2][2], '^(%S+) (%d+) (%d+) (%a) (%d+) (%d+)$')
    if i == 1 then answer[4] = tonumber(log[3] or number) - tonumber(number) + 1 end
    local about = kind == 'e' and target or seq
    local message = (kind == 'e' or kind == 'm') and call('HGET', base .. 'changed:' .. id, about)
    local payload = call('HGET', base .. 'events:' .. id, seq) or ''
    local shown = message and string.match(message, '^%d+ (.*)$') or ''
    for _, value in ipairs({ entry[1], id, seq, n, kind, payload, shown }) do answer[#answer + 1] = value end
    left = left - #payload - #shown
    if left < 0 then break end
  end
  return answer
end

register('fetch', fetch, { 'no-writes', 'allow-oom' })

local function remove(key, fields)
  for from = 1, #fields, 1000 do call('HDEL', key, unpack(fields, from, math.min(#fields, from + 999))) end
end

-- Forgets the events of a room up to one of them: the database has them.
local function forget(base, id, entries)
  local events, changes, reactions = base .. 'events:' .. id, base .. 'changed:' .. id, base .. 'reactions:' .. id
  local upto = entries[#entries].seq
  local seqs, messages_, fields = {}, {}, {}
  for i, entry in ipairs(entries) do
    seqs[i] = entry.seq
    if entry.kind == 'r' then
      local event = cjson.decode(string.match(call('HGET', events, entry.seq), '^r%d+ (.*)$'))
      local field = entry.target .. ' ' .. event.actor .. ' ' .. event.emoji
      local value = call('HGET', reactions, field)
      if value and tonumber(string.sub(value, 3)) <= upto then fields[#fields + 1] = field end
    end
    local about = entry.kind == 'm' and entry.seq or entry.target
    if about > 0 then
      local rev = string.match(call('HGET', changes, about) or '', '^%d+')
      if rev and tonumber(rev) <= upto then messages_[#messages_ + 1] = about end
    end
  end
  remove(events, seqs)
  remove(changes, messages_)
  remove(reactions, fields)
  call('HSET', base .. 'room:' .. id, 'f', upto)
end

local function trim(keys, args)
  local base = base_of(keys)
  local log = open_log(keys, now_ms())
  if not log or log.epoch ~= args[1] then return 0 end
  local limit = tonumber(args[3])
  local entries = call('XRANGE', base .. 'entries', '-', args[2], 'COUNT', limit)
  if #entries == 0 then return 0 end
  local rooms, order = {}, {}
  for _, entry in ipairs(entries) do
    local id, seq, kind, target = string.match(entry[2][2], '^(%S+) (%d+) %d+ (%a) (%d+)')
    if not rooms[id] then
      rooms[id] = {}
      order[#order + 1] = id
    end
    table.insert(rooms[id], { seq = tonumber(seq), kind = kind, target = tonumber(target) })
  end
  for _, id in ipairs(order) do forget(base, id, rooms[id]) end
  local ms, number = string.match(entries[#entries][1], '^(%d+)-(%d+)$')
  call('XTRIM', base .. 'entries', 'MINID', ms .. '-' .. string.format('%d', tonumber(number) + 1))
  return #entries == limit and 1 or 0
end

register('trim', trim, { 'allow-oom' })

-- Lets up to 100 rooms go cold that nobody used for `idle` ms and of which all is in the database.
local function cool(base, now, idle)
  for _, id in ipairs(call('ZRANGEBYSCORE', base .. 'rooms', '-inf', now - idle, 'LIMIT', 0, 100)) do
    local room = room_of(base, id)
    if room and room.s > room.f then
      call('ZADD', base .. 'rooms', now, id)
    else
      call('UNLINK', base .. 'room:' .. id, base .. 'events:' .. id, base .. 'changed:' .. id, base .. 'reactions:' .. id)
      call('ZREM', base .. 'rooms', id)
    end
  end
end

-- Drops the buckets of repeats that are closed for as long as the window, when all that is in them is in the database.
local function drop_repeats(log, window)
  local first = call('XRANGE', log.base .. 'entries', '-', '+', 'COUNT', 1)[1]
  local uncommitted = first and tonumber(string.match(first[1], '^%d+'))
  while log.d < log.D do
    local closed = tonumber(call('HGET', log.key, 'b' .. log.d))
    if log.now - closed < window or (uncommitted and uncommitted <= closed) then return end
    call('UNLINK', log.base .. 'repeats:' .. log.d)
    call('HDEL', log.key, 'b' .. log.d)
    log.d = log.d + 1
    call('HSET', log.key, 'd', log.d)
  end
end

local function tidy(keys, args)
  local log = open_log(keys, now_ms())
  if not log then return 0 end
  local window = tonumber(args[1])
  rotate(log, window)
  drop_repeats(log, window)
  cool(log.base, log.now, tonumber(args[2]))
  call('ZREMRANGEBYSCORE', log.base .. 'gone', '-inf', log.now)
  return 1
end

register('tidy', tidy, { 'allow-oom' })

local function adopt(keys, args)
  local base = base_of(keys)
  local epoch, instance, limit = tonumber(args[1]), args[2], tonumber(args[3])
  if instance ~= run_id() then return 0 end
  local log = call('HMGET', keys[1], 'owner', 'epoch', 'd', 'D')
  if log[1] == instance and tonumber(log[2]) >= epoch then return 0 end
  -- First what would be drained once more should this be broken off.
  call('HDEL', keys[1], 'owner')
  call('UNLINK', base .. 'entries', base .. 'gone')
  for bucket = tonumber(log[3] or 0), tonumber(log[4] or -1) do call('UNLINK', base .. 'repeats:' .. bucket) end
  local rooms = call('ZRANGE', base .. 'rooms', 0, limit - 1)
  for _, id in ipairs(rooms) do
    call('UNLINK', base .. 'room:' .. id, base .. 'events:' .. id, base .. 'changed:' .. id, base .. 'reactions:' .. id)
    call('ZREM', base .. 'rooms', id)
  end
  if #rooms == limit then return 2 end
  call('DEL', keys[1])
  call('HSET', keys[1], 'owner', instance, 'epoch', epoch, 'i', 0, 'd', 0, 'D', 0, 'da', now_ms())
  -- A push that nobody hears: the nodes notice that they missed one, compare heads, and find the new epoch.
  next_push(base)
  return 1
end

register('adopt', adopt, { 'allow-oom' })
