-- Take or keep a lease; whoever cannot have it stands in line for it, once, behind those who came before.
-- KEYS[1] the lease, KEYS[2] its line; ARGV: token, milliseconds, who
-- Returns 1 when the lease is ours.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  if not redis.call('LPOS', KEYS[2], ARGV[3]) then
    redis.call('RPUSH', KEYS[2], ARGV[3])
  end
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
