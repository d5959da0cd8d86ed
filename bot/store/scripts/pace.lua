-- One pace for every process that speaks to a provider account.
-- KEYS[1] requests that are under way, by when they began; KEYS[2] answered ones, by when they count no more (both ms)
-- ARGV: now ms or '' for the server's own clock, token, window ms, how many requests may count for one more to join them,
--       after how many ms a request without an answer has arrived at the provider all the same
-- When a request is counted over there lies somewhere between its beginning and its answer. So it counts here from its
-- beginning to a window after its answer, and however late it arrives, no window over there holds more of them.
-- Returns 0 when this one may leave, else how many ms to wait before asking again.
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local window, share, arrival = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - arrival - window)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
-- a clock that jumped back must not lock everybody out
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 60000, '+inf')
redis.call('ZREMRANGEBYSCORE', KEYS[2], now + 60000, '+inf')

local free = {} -- when each of them makes room, at the earliest
for _, key in ipairs(KEYS) do
  local found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 2, #found, 2 do
    local moment = tonumber(found[i])
    table.insert(free, key == KEYS[2] and moment or math.max(moment + window, now + 100))
  end
end
if #free < share then
  redis.call('ZADD', KEYS[1], now, ARGV[2])
  redis.call('PEXPIRE', KEYS[1], 120000)
  return 0
end
table.sort(free)
return math.max(1, free[#free - share + 1] - now)
