-- Remember where a message stands; an older version never overwrites a newer one.
-- KEYS[1] the messages it belongs to; ARGV: prefix, name, version, value, channel, the key of its post or ''
-- A post is remembered while its mark stands. Without it somebody else has settled the matter: then this message is
-- one too many, unless it is the one that was found.
-- Returns 1 when it is remembered.
local name, value = ARGV[2], cjson.decode(ARGV[4])
local known = redis.call('HGET', KEYS[1], name)
known = known and cjson.decode(known)

if ARGV[6] ~= '' then
  local mark = redis.call('HGET', KEYS[1], '?' .. name)
  if not mark or cjson.decode(mark)['key'] ~= ARGV[6] then
    if known and known['channel'] == value['channel'] and known['ts'] == value['ts'] then
      return 1
    end
    return 0
  end
elseif known and tonumber(known['version']) > tonumber(ARGV[3]) then
  return 0
end

redis.call('HSET', KEYS[1], name, ARGV[4])
redis.call('HDEL', KEYS[1], '?' .. name, '-' .. name)
if ARGV[6] ~= '' then
  redis.call('HDEL', ARGV[1] .. 'outbox:strays', ARGV[5]) -- a post went through: the channel is open to us
end
return 1
