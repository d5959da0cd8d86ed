-- Keep a draft that has no price yet, in the order of arrival. Kept again, it takes the newer contents and keeps its place.
-- KEYS[1] the kept draft; ARGV: prefix, draft, user, body, audit line
-- Returns its version, 0 when this draft is a request already.
local prefix, draft, user = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', prefix .. 'sent:' .. draft) == 1 then
  return 0
end

if not redis.call('ZSCORE', prefix .. 'waiting', draft) then
  local place = redis.call('INCR', prefix .. 'waiting_number')
  redis.call('ZADD', prefix .. 'waiting', place, draft)
  redis.call('ZADD', prefix .. 'waiting:' .. user, place, draft)
  redis.call('XADD', prefix .. 'audit', '*', 'request', 0, 'entry', ARGV[5])
end
redis.call('PERSIST', KEYS[1])
redis.call('HSET', KEYS[1], 'body', ARGV[4])
return redis.call('HINCRBY', KEYS[1], 'version', 1)
