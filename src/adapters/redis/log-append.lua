
-- Appending
--
--   append, on the logs of any number of partitions: origin, window, then of each partition:
--     how many arguments follow for it, as of, epoch, channel, number of rooms, then of each room:
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
--   -> of each partition one of
--      'ok', now, and of each draft "a epoch seq n at" appended, "d epoch seq n at" a repeat, "r code" refused,
--      "? what" nothing was done and the database must be asked about: r room, u user, t target, q repeat, w (waits for another)
--      'fenced', now, or 'stale', now: nothing was done at all
--      'failed', why: a fault; what came of it is not known

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

-- The events of this call, as one push.
local function tell(log, origin, channel, rooms)
  local parts = { next_push(log.base), ' ', origin }
  for _, room in ipairs(rooms) do
    if #room.told > 0 then
      parts[#parts + 1] = '\n' .. room.id .. ' {"kind":"events","epoch":' .. room.e .. ',"events":['
      for _, part in ipairs(room.told) do parts[#parts + 1] = part end
      -- In place of the last one's comma.
      parts[#parts] = '}]}'
    end
  end
  call('SPUBLISH', channel, table.concat(parts))
end

local function append_to_partition(key, origin, window, now, args, at)
  local as_of, epoch, channel, count = tonumber(args[at]), args[at + 1], args[at + 2], tonumber(args[at + 3])
  local log = open_log({ key }, now)
  if not log then return { 'fenced', now } end
  if epoch ~= '' and (epoch ~= log.epoch or math.abs(now - as_of) > FRESH_MS) then return { 'stale', now } end
  rotate(log, window)
  local before = log.i
  local answers = { 'ok', now }
  local rooms = {}
  at = at + 4
  for _ = 1, count do
    local id, load, drafts_ = args[at], args[at + 1], tonumber(args[at + 2])
    local room = open_room(log.base, id, load, now)
    at = append_to(log, room, args, at + 3, drafts_, answers)
    if room then
      rooms[#rooms + 1] = room
      room.now_changed = room:changed_messages()
    end
  end
  for _, room in ipairs(rooms) do room:store(log) end
  put(log.added, log.base, 'repeats:', log.D)
  if log.i > before then
    call('HSET', log.key, 'i', text_of(log.i))
    tell(log, origin, channel, rooms)
  end
  return answers
end

local function append(keys, args)
  local now = now_ms()
  local origin, window = args[1], tonumber(args[2])
  local results = {}
  local at = 3
  for i, key in ipairs(keys) do
    results[i] = guarded(append_to_partition, key, origin, window, now, args, at + 1)
    at = at + 1 + tonumber(args[at])
  end
  return results
end

register('append', append)
