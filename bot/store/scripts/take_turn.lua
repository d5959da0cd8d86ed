-- The last look before Slack is spoken to: is the message still ours, is it our turn in that lane, and, for a post, the
-- mark that it is about to be made. Whoever finds the mark later knows that the post may stand.
-- KEYS[1] the outbox, KEYS[2] the messages of its request
-- ARGV: prefix, intent, token, now ms, lease end ms, lane or '', ms between two in that lane, how many ahead of that,
--       the mark's key or ''
-- Who is too early gets a place in the queue of the lane and comes back then: the lease is given up.
-- Returns {'go', mark or ''}, {'later'} or {'lost'}.
local prefix, intent, now = ARGV[1], ARGV[2], tonumber(ARGV[4])
local leases = prefix .. 'outbox:leases'
local lease = redis.call('HGET', leases, intent)
local token, lease_end = string.match(lease or '', '^(%S+) (%d+)$')
if token ~= ARGV[3] then
  return {'lost'}
end

if ARGV[6] ~= '' then
  local lane, every, burst = prefix .. 'outbox:lane:' .. ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
  local busy, last = unpack(redis.call('HMGET', lane, 'busy', 'last'))
  busy, last = tonumber(busy or '0'), tonumber(last or '0')
  local free = busy - burst * every
  if free > now + 3600000 then
    busy, last, free = 0, 0, 0 -- a clock that jumped back must not silence a channel
  end
  local slots = lane .. ':slots'
  local slot = tonumber(redis.call('HGET', slots, intent) or '0')
  local start = now
  if slot > now then
    start = slot
  elseif slot > 0 and now - slot < 10 * every then
    start = math.max(now, free) -- a little late: the next one in line
  elseif free > now or last > now then
    start = math.max(free, last + every) -- behind everybody who waits
  end
  if start > now then
    redis.call('HSET', lane, 'last', math.max(last, start))
    redis.call('PEXPIRE', lane, 3600000)
    redis.call('HSET', slots, intent, start)
    redis.call('PEXPIRE', slots, 3600000)
    redis.call('HDEL', leases, intent)
    redis.call('ZADD', KEYS[1], start, intent)
    redis.call('ZADD', prefix .. 'outbox:since', 'NX', now, intent)
    return {'later'}
  end
  redis.call('HDEL', slots, intent)
  redis.call('HSET', lane, 'busy', math.max(busy, now) + every)
  redis.call('PEXPIRE', lane, 3600000)
end

redis.call('HSET', leases, intent, token .. ' ' .. ARGV[5])
local score = redis.call('ZSCORE', KEYS[1], intent)
if score and tonumber(score) == tonumber(lease_end) - 0.5 then
  redis.call('ZADD', KEYS[1], tonumber(ARGV[5]) - 0.5, intent)
end

if ARGV[9] == '' then
  return {'go', ''}
end
local known = redis.call('HGET', KEYS[2], '?' .. intent)
local mark = known and cjson.decode(known) or {key = ARGV[9], since = now, posts = 0}
mark.posts = mark.posts + 1
local written = cjson.encode(mark)
redis.call('HSET', KEYS[2], '?' .. intent, written)
return {'go', written}
