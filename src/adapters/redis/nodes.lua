-- The node registry: one hash.
--
--   yeoul:{nodes}      node id -> "<ms of its last beat, by the clock of Redis> <number of the beat> <record as JSON>"
--
-- A node that stops in order leaves the number 0: the others take it off their lists at their next beat.

local KEEP_MS = 60000

local function milliseconds()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

-- beat: id, number, record -> now and the whole hash; what has said nothing for a minute is forgotten.
local function beat(keys, args)
  local key, now = keys[1], milliseconds()
  redis.call('HSET', key, args[1], string.format('%d', now) .. ' ' .. args[2] .. ' ' .. args[3])
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local at = tonumber(string.match(all[i + 1], '^%d+')) or 0
    if now - at > KEEP_MS then redis.call('HDEL', key, all[i]) end
  end
  return { now, all }
end

local function list(keys)
  return { milliseconds(), redis.call('HGETALL', keys[1]) }
end

-- A full Redis must not make its nodes look dead: the hash does not grow.
register('beat', beat, { 'allow-oom' })
register('nodes', list, { 'no-writes' })
