-- Take the followed request whose look is most overdue. It comes back by itself when its lease ends.
-- KEYS[1] the followed requests by the time of their next look; ARGV: now ms, lease end ms
-- Returns its number, or nothing.
local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, 1)
if not due[1] then
  return false
end
redis.call('ZADD', KEYS[1], ARGV[2], due[1])
return due[1]
