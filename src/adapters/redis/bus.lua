-- The bus: numbered pushes. Everything of partition p lies in the slot of the tag {p}.
--
--   yeoul:{p}          the channel
--   yeoul:{p}:pushes   how many pushes it has had: a reader that counts along knows when it has missed one
--
-- A push is one message: "<number> <origin>\n", then one line for each notice. `origin` is the id of the node that made it.
-- The count starts at the time in microseconds: where the counter was lost, numbers go on far above all that were given out.

local function push(keys, args)
  local counter, channel = keys[1], keys[2]
  local number = redis.call('INCR', counter)
  if number == 1 then
    local now = redis.call('TIME')
    number = tonumber(now[1]) * 1000000 + tonumber(now[2])
    redis.call('SET', counter, string.format('%d', number))
  end
  redis.call('SPUBLISH', channel, string.format('%d', number) .. ' ' .. args[1] .. '\n' .. args[2])
  return number
end

-- Pushes to several partitions at once: a counter and a channel for each; the origin, and a body for each.
local function push_all(keys, args)
  for i = 1, #keys, 2 do push({ keys[i], keys[i + 1] }, { args[1], args[(i + 3) / 2] }) end
end

-- What a full Redis keeps is no reason for the nodes not to hear each other: a push keeps nothing.
register('push', push_all, { 'allow-oom' })
