
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

-- nth: room, n -> head, and the seq of the message number n; '' when it lies below the floor or there is none
local function nth(keys, args)
  local room = room_of(base_of(keys), args[1])
  if not room then return { '', '' } end
  local n = tonumber(args[2])
  if n > room.n or n <= count_at(room, room.f) then return { head_line(room), '' } end
  return { head_line(room), seq_of(room, n, room.f + 1, room.s) }
end

register('nth', nth, { 'no-writes' })

-- notices: room, after, before, limit, scan -> head, through, then the payloads of what happened to the room and its members
-- above the floor, after < seq <= through; no more than `scan` events are looked at
local function notices(keys, args)
  local room = room_of(base_of(keys), args[1])
  local found = { head_line(room), '' }
  if not room then return found end
  local first = math.max(tonumber(args[2]), room.f) + 1
  local last = math.min(room.s, tonumber(args[3]) - 1, first + tonumber(args[5]) - 1)
  local most = tonumber(args[4]) + 2
  local through = last
  for seq = first, last do
    local payload = call('HGET', room.base .. 'events:' .. room.id, seq)
    if string.find(payload, '^[jlbo]') then
      found[#found + 1] = payload
      if #found == most then
        through = seq
        break
      end
    end
  end
  found[2] = math.max(through, first - 1)
  return found
end

register('notices', notices, { 'no-writes' })

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
