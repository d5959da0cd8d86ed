-- A request was answered: a window later it counts no more.
-- KEYS[1] requests that are under way, KEYS[2] answered ones (see pace.lua); ARGV: now ms or '', token, window ms
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[2])
redis.call('PEXPIRE', KEYS[2], 120000)
return 1
