-- Finish a taken message, or give it a later time. One that was asked for again while it was being told stays due.
-- KEYS[1] the outbox; ARGV: prefix, intent, token, now ms, new due ms or '' when done, 1 when this was a failed try,
--                          1 when it is to have a message of its own from now on
-- Returns 1 when it was still ours.
local prefix, intent = ARGV[1], ARGV[2]
local lease = redis.call('HGET', prefix .. 'outbox:leases', intent)
local token, lease_end = string.match(lease or '', '^(%S+) (%d+)$')
if token ~= ARGV[3] then
  return 0
end
redis.call('HDEL', prefix .. 'outbox:leases', intent)
local score = redis.call('ZSCORE', KEYS[1], intent)
local is_as_taken = score and tonumber(score) == tonumber(lease_end) - 0.5

if ARGV[5] == '' then
  redis.call('HDEL', prefix .. 'outbox:tries', intent)
  redis.call('HDEL', prefix .. 'outbox:alone', intent)
  redis.call('ZREM', prefix .. 'outbox:since', intent)
  redis.call('HDEL', prefix .. 'parked', intent)
  if is_as_taken then
    redis.call('ZREM', KEYS[1], intent)
  end
else
  redis.call('ZADD', prefix .. 'outbox:since', 'NX', ARGV[4], intent)
  if ARGV[6] == '1' then
    redis.call('HINCRBY', prefix .. 'outbox:tries', intent, 1)
  end
  if ARGV[7] == '1' then
    redis.call('HSET', prefix .. 'outbox:alone', intent, 1)
  end
  if is_as_taken then
    redis.call('ZADD', KEYS[1], ARGV[5], intent)
  end
end
return 1
