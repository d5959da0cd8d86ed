-- The digest about the days up to this one is announced; days are written so that they sort.
-- KEYS[1] told; ARGV: field, day.
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before and before >= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
