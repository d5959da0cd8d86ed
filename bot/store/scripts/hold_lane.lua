-- Slack asked to wait: nothing goes down this lane before then. KEYS[1] the lane; ARGV: when it is free again ms,
-- ms between two, how many ahead of that
local busy = tonumber(redis.call('HGET', KEYS[1], 'busy') or '0')
redis.call('HSET', KEYS[1], 'busy', math.max(busy, ARGV[1] + ARGV[2] * ARGV[3]))
redis.call('PEXPIRE', KEYS[1], 3600000)
return 1
