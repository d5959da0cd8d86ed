-- One turn under a lease is over: renew it for whoever is first in its line, or give it back when nobody waits.
-- KEYS[1] the lease, KEYS[2] its line; ARGV: token, milliseconds, whose turn it was
-- The first stays in line until its own turn is over, so that a holder who dies leaves it there.
-- Returns who is next, '' for nobody, or when the lease is not ours any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return ''
end
redis.call('LREM', KEYS[2], 0, ARGV[3])
local first = redis.call('LINDEX', KEYS[2], 0)
if not first then
  redis.call('DEL', KEYS[1])
  return ''
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return first
