
-- The side of the worker
--
-- Of any number of partitions, which are worked through in their order until the call has had enough; there are answers of
-- those that it came to, one at least:
--   fetch(entries, bytes, then of each: after, limit)
--                                  -> instance, owner, epoch, waiting, then id, room, seq, n, kind, payload, changed of each entry
--   trim(entries, then of each: epoch, up to)
--                                  -> how many entries were forgotten, and 1 when there are more; all of them of this epoch, up
--                                     to an id, and in the database
-- Of one:
--   tidy(window, idle)             lets idle rooms go cold and drops buckets of repeats whose window is over
--   adopt(epoch, instance, limit, drained) -> 1 done, 2 call again, 0 refused; empties the partition and begins a new life.
--                                     Repeats stay when the old life was drained (1): what they name is in the database
--   fence(epoch)                   -> 1 when the partition lives in another epoch than the database: it takes nothing any more
--                                     until a worker adopts it

local function fetch_from(key, after, limit, bytes, left)
  local base = base_of({ key })
  local log = call('HMGET', key, 'owner', 'epoch', 'i')
  local answer = { run_id(), log[1] or '', log[2] or '0', 0 }
  for i, entry in ipairs(call('XRANGE', base .. 'entries', '(' .. after, '+', 'COUNT', limit)) do
    local id, seq, n, kind, target, number = string.match(entry[2][2], '^(%S+) (%d+) (%d+) (%a) (%d+) (%d+)$')
    if i == 1 then answer[4] = tonumber(log[3] or number) - tonumber(number) + 1 end
    local about = kind == 'e' and target or seq
    local message = (kind == 'e' or kind == 'm') and call('HGET', base .. 'changed:' .. id, about)
    local payload = call('HGET', base .. 'events:' .. id, seq) or ''
    local shown = message and string.match(message, '^%d+ (.*)$') or ''
    for _, value in ipairs({ entry[1], id, seq, n, kind, payload, shown }) do answer[#answer + 1] = value end
    local size = #payload + #shown
    left.entries, left.bytes = left.entries - 1, left.bytes - size
    bytes = bytes - size
    if bytes < 0 then break end
  end
  return answer
end

local function fetch(keys, args)
  local bytes = tonumber(args[2])
  local left = { entries = tonumber(args[1]), bytes = bytes }
  local answers = {}
  for i, key in ipairs(keys) do
    answers[i] = guarded(fetch_from, key, args[2 * i + 1], args[2 * i + 2], bytes, left)
    if left.entries <= 0 or left.bytes <= 0 then break end
  end
  return answers
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

local function trim_one(key, now, epoch, upto, limit)
  local log = open_log({ key }, now)
  if not log or log.epoch ~= epoch then return { 0, 0 } end
  local base = log.base
  local entries = call('XRANGE', log.entries, '-', upto, 'COUNT', limit)
  if #entries == 0 then return { 0, 0 } end
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
  call('XTRIM', log.entries, 'MINID', ms .. '-' .. string.format('%d', tonumber(number) + 1))
  return { #entries, #entries == limit and 1 or 0 }
end

local function trim(keys, args)
  local now = now_ms()
  local left = tonumber(args[1])
  local answers = {}
  for i, key in ipairs(keys) do
    local answer = guarded(trim_one, key, now, args[2 * i], args[2 * i + 1], left)
    answers[i] = answer
    left = left - (tonumber(answer[1]) or 0)
    if left <= 0 then break end
  end
  return answers
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
  local epoch, instance, limit, drained = tonumber(args[1]), args[2], tonumber(args[3]), args[4] == '1'
  if instance ~= run_id() then return 0 end
  local log = call('HMGET', keys[1], 'owner', 'epoch', 'd', 'D')
  if log[1] == instance and tonumber(log[2]) >= epoch then return 0 end
  -- First what would be drained once more should this be broken off.
  call('HDEL', keys[1], 'owner')
  call('UNLINK', base .. 'entries', base .. 'gone')
  if not drained then
    for bucket = tonumber(log[3] or 0), tonumber(log[4] or -1) do call('UNLINK', base .. 'repeats:' .. bucket) end
  end
  local rooms = call('ZRANGE', base .. 'rooms', 0, limit - 1)
  for _, id in ipairs(rooms) do
    call('UNLINK', base .. 'room:' .. id, base .. 'events:' .. id, base .. 'changed:' .. id, base .. 'reactions:' .. id)
    call('ZREM', base .. 'rooms', id)
  end
  if #rooms == limit then return 2 end
  if not drained or not log[4] then
    call('DEL', keys[1])
    call('HSET', keys[1], 'd', 0, 'D', 0, 'da', now_ms())
  end
  call('HSET', keys[1], 'owner', instance, 'epoch', epoch, 'i', 0)
  -- A push that nobody hears: the nodes notice that they missed one, compare heads, and find the new epoch.
  next_push(base)
  return 1
end

local function fence(keys, args)
  local epoch = call('HGET', keys[1], 'epoch')
  if not epoch or epoch == args[1] then return 0 end
  return call('HDEL', keys[1], 'owner')
end

register('fence', fence, { 'allow-oom' })

register('adopt', adopt, { 'allow-oom' })
