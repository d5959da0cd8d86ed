-- One pacer for every process that speaks to a provider account.
-- KEYS[1] the time (ms) at which the next request may leave
-- ARGV: now ms, interval ms, patience ms: how far ahead a place in the queue may be reserved
-- Purchases come with endless patience and always get the next place; reads are sent away to ask again, so a queue
-- of reads never stands before a purchase.
-- Returns {1, wait ms} for a reserved place, {0, wait ms before asking again} otherwise.
local now, interval, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
if free > now + 60000 then
  free = now -- a clock that jumped back must not lock everybody out
end
local start = math.max(free, now)
if start - now > patience then
  return {0, start - now - patience}
end
redis.call('SET', KEYS[1], start + interval, 'PX', 60000)
return {1, start - now}
