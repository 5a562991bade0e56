
-- A room during a call of `append`: what is found is remembered, what changes is written at the end.

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
  room.told = {}        -- events as JSON for the bus, in parts, each with a comma at its end
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

-- Takes the next seq for an event. `text` goes to the bus alone and is not kept. Long strings are put together once, from
-- their parts: Lua goes through every byte of each one that is made.
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
    head = head .. '"n":' .. n .. ','
  else
    n = text_of(self.n)
    self.used = true
  end
  self.added[self.s] = kind .. n .. ' ' .. head .. rest .. '}'
  local told, count = self.told, #self.told
  told[count + 1], told[count + 2], told[count + 3], told[count + 4] = head, rest, text or '', '},'
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

local function put(fields, base, what, id)
  if next(fields) == nil then return end
  local key = base .. what .. id
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
  put(self.added, self.base, 'events:', self.id)
  put(self.now_changed, self.base, 'changed:', self.id)
  put(self.reacted, self.base, 'reactions:', self.id)
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
  put(fields, self.base, 'room:', self.id)
end
