-- One pace for every process that speaks to a provider account.
-- KEYS[1] when the latest requests left or will leave (ms), newest first
-- ARGV: now ms or '' for the server's own clock, window ms, how many requests of a window this caller may make full, patience ms, how many to remember
-- All but checkouts have no patience: they are told when to ask again, and all but what a purchase needs may fill part
-- of the window only. A checkout gets its place at once, so no queue of others ever stands before it.
-- Returns {1, wait ms} for a place of one's own, {0, wait ms before asking again} otherwise.
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local window, share, patience = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local earlier = tonumber(redis.call('LINDEX', KEYS[1], share - 1) or '0')
if earlier > now + 60000 then
  redis.call('DEL', KEYS[1]) -- a clock that jumped back must not lock everybody out
  earlier = 0
end
local start = math.max(now, earlier + window)
if start - now > patience then
  return {0, start - now}
end
redis.call('LPUSH', KEYS[1], start)
redis.call('LTRIM', KEYS[1], 0, tonumber(ARGV[5]) - 1)
redis.call('PEXPIRE', KEYS[1], 120000)
return {1, start - now}
