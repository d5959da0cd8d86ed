-- Take messages that are due. One is told by one worker at a time: until its lease ends nobody else gets it, even when
-- it is asked for again meanwhile. A taken one comes back by itself when its lease ends.
-- KEYS[1] the outbox; ARGV: prefix, now ms, token, lease end ms, limit
-- While Slack refuses us as a whole nothing is given out, and from time to time one, to see whether that has changed.
-- The score of a taken one is half a millisecond before its lease ends, which no other score is: so being asked for again shows.
-- Returns {1 when it is such a probe, then for each: intent, tries so far, 1 when it gets a message of its own}.
local prefix, now, lease_end, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local leases, silence = prefix .. 'outbox:leases', prefix .. 'outbox:silence'

local silent_until = redis.call('HGET', silence, 'until')
if silent_until then
  if tonumber(silent_until) > now then
    return {0}
  end
  limit = 1
end

local taken = {silent_until and 1 or 0}
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, limit + redis.call('HLEN', leases))
for _, intent in ipairs(due) do
  if #taken > 3 * limit then
    break
  end
  local lease = redis.call('HGET', leases, intent)
  if not lease or tonumber(string.match(lease, ' (%d+)$')) <= now then
    redis.call('HSET', leases, intent, ARGV[3] .. ' ' .. ARGV[4])
    redis.call('ZADD', KEYS[1], lease_end - 0.5, intent)
    table.insert(taken, intent)
    table.insert(taken, tonumber(redis.call('HGET', prefix .. 'outbox:tries', intent) or '0'))
    table.insert(taken, redis.call('HEXISTS', prefix .. 'outbox:alone', intent))
  end
end
if silent_until and #taken > 1 then
  redis.call('HSET', silence, 'until', ARGV[4])
end
return taken
