-- Take or keep a lease. KEYS[1] the lease; ARGV: token, milliseconds
-- One of ours with more than half of its time left is not written again: who asks only whether it is, waits for no disk.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
if not holder or redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[2]) / 2 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
