-- Services as the account shows them now, each with its place in the lists of those that run.
-- KEYS[1] the rows; ARGV: prefix, then for each: id, row, place or '' when it has ended, its request's owner JSON or ''
-- An owner by request is written over one by adoption; without one whoever has it keeps it.
local account = ARGV[1] .. 'account:'

local function lists(owner)
  if not owner then
    return {account .. 'outside'}
  end
  local whose = cjson.decode(owner)
  return {account .. 'channel:' .. whose['channel'], account .. 'person:' .. whose['owner']}
end

for i = 2, #ARGV, 4 do
  local id, row, place, owner = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local before = redis.call('HGET', account .. 'owners', id)
  if owner == '' then
    owner = before
  else
    redis.call('HSET', account .. 'owners', id, owner)
  end
  for _, list in ipairs(lists(before)) do
    redis.call('ZREM', list, id)
  end
  redis.call('HSET', KEYS[1], id, row)
  if place == '' then
    redis.call('ZREM', account .. 'live', id)
  else
    redis.call('ZADD', account .. 'live', place, id)
    for _, list in ipairs(lists(owner)) do
      redis.call('ZADD', list, place, id)
    end
  end
end
return 1
