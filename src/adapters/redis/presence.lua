-- Presence of partition p, each node's own part of it. Loaded behind bus.lua, whose `push` it uses.
--
--   yeoul:{p}:presence             hash: node id -> version of its entries; no version while they are written anew
--   yeoul:{p}:presence:<node id>   sorted set, scores 0: "<room> <user>" for each user online through that node, and ""
--
-- A change raises the version by one and is pushed as "@<node id> <version>" and "\t+<entry>" or "\t-<entry>" for each; a set
-- that was written anew as "@<node id> <version>\t*". Both keys expire when the node does not renew them.

local EXPIRE_S = 120

-- Keys of all that write: entries, versions, counter, channel.

local function renew(keys)
  redis.call('EXPIRE', keys[1], EXPIRE_S)
  redis.call('EXPIRE', keys[2], EXPIRE_S)
end

-- change: node, version before, number of entries to add, entries to add, entries to remove -> version now, or '' when the
-- version is another one: nothing was changed then.
local function change(keys, args)
  local node, adds = args[1], tonumber(args[3])
  if redis.call('HGET', keys[2], node) ~= args[2] then return '' end
  local line = {}
  for i = 4, #args do
    if i < 4 + adds then
      redis.call('ZADD', keys[1], 0, args[i])
      line[#line + 1] = '\t+' .. args[i]
    else
      redis.call('ZREM', keys[1], args[i])
      line[#line + 1] = '\t-' .. args[i]
    end
  end
  local version = string.format('%d', tonumber(args[2]) + 1)
  redis.call('HSET', keys[2], node, version)
  renew(keys)
  push({ keys[3], keys[4] }, { node, '@' .. node .. ' ' .. version .. table.concat(line) })
  return version
end

-- To write a set anew: `empty`, `fill` as often as it takes, `filled`.

local function empty(keys, args)
  redis.call('DEL', keys[1])
  redis.call('HDEL', keys[2], args[1])
end

local function fill(keys, args)
  for i = 1, #args do redis.call('ZADD', keys[1], 0, args[i]) end
  redis.call('EXPIRE', keys[1], EXPIRE_S)
end

local function filled(keys, args)
  local now = redis.call('TIME')
  local version = string.format('%d', tonumber(now[1]) * 1000000 + tonumber(now[2]))
  redis.call('ZADD', keys[1], 0, '')
  redis.call('HSET', keys[2], args[1], version)
  renew(keys)
  push({ keys[3], keys[4] }, { args[1], '@' .. args[1] .. ' ' .. version .. '\t*' })
  return version
end

-- forget: node, version -> takes all away that is of this version, and nothing that was written since.
local function forget(keys, args)
  if redis.call('HGET', keys[2], args[1]) == args[2] then empty(keys, args) end
end

-- renew: node -> its version, or '' when its entries are not there any more.
local function renewed(keys, args)
  if redis.call('EXISTS', keys[1]) == 0 then return '' end
  renew(keys)
  return redis.call('HGET', keys[2], args[1]) or ''
end

-- read: node -> its version, '' for none, and its entries.
local function read(keys, args)
  return { redis.call('HGET', keys[2], args[1]) or '', redis.call('ZRANGE', keys[1], 0, -1) }
end

-- who: room, limit -> how many users are online in it, and so many of them. Keys: the entries of all nodes that live.
local function who(keys, args)
  local room, limit = args[1], tonumber(args[2])
  local seen, users, count = {}, {}, 0
  for _, key in ipairs(keys) do
    for _, entry in ipairs(redis.call('ZRANGEBYLEX', key, '[' .. room .. ' ', '(' .. room .. '!')) do
      local user = string.sub(entry, #room + 2)
      if not seen[user] then
        seen[user] = true
        count = count + 1
        if count <= limit then users[count] = user end
      end
    end
  end
  return { count, users }
end

-- among: room, users -> those who are online in it. Keys as for `who`.
local function among(keys, args)
  local found = {}
  for i = 2, #args do
    for _, key in ipairs(keys) do
      if redis.call('ZSCORE', key, args[1] .. ' ' .. args[i]) then
        found[#found + 1] = args[i]
        break
      end
    end
  end
  return found
end

register('presence_change', change)
register('presence_empty', empty)
register('presence_fill', fill)
register('presence_filled', filled)
register('presence_forget', forget)
register('presence_renew', renewed)
register('presence_read', read, { 'no-writes' })
register('presence_who', who, { 'no-writes' })
register('presence_among', among, { 'no-writes' })
