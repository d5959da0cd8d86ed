-- Remember where a message stands; an older version never overwrites a newer one.
-- KEYS[1] the request's messages; ARGV: name, version, value
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and tonumber(cjson.decode(known)['version']) > tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
