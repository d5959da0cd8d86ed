-- The last look before Slack is spoken to: are these messages still ours, is it their turn in that lane, and, for a post,
-- the mark of each that it is about to be made. Whoever finds the mark later knows that the post may stand.
-- Several messages for one person or thread go as one, in the order given.
-- KEYS[1] the outbox, KEYS[2...] the messages of the request of each
-- ARGV: prefix, token, now ms, lease end ms, lane or '', ms between two in that lane, how many ahead of that,
--       the person or thread they share or '', how many may share a turn,
--       then for each: intent, the mark's key or '', JSON of the intents that are to be said before it
-- Who is too early gets a place in the queue of the lane, beside others for the same person or thread, and comes back
-- then: the lease is given up. So does one that something earlier of the same request is still to be said before.
-- Returns {'go', intent, mark or '', ...} with those that go, {'later'} or {'lost'}.
local prefix, token, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local place, room = ARGV[8], tonumber(ARGV[9])
local leases = prefix .. 'outbox:leases'
local patience, again = 60000, 1000

local function lease_of(intent)
  local owner, ends = string.match(redis.call('HGET', leases, intent) or '', '^(%S+) (%d+)$')
  return owner, tonumber(ends or '0')
end

local function come_back(intent, at)
  redis.call('HDEL', leases, intent)
  redis.call('ZADD', KEYS[1], at, intent)
  redis.call('ZADD', prefix .. 'outbox:since', 'NX', now, intent)
end

local going, goes, answer = {}, {}, 'lost'

-- When an earlier one will have been said or have failed. One that fails again and again is not waited for.
local function after_earlier(earlier)
  for _, intent in ipairs(cjson.decode(earlier)) do
    local due = not goes[intent] and tonumber(redis.call('ZSCORE', KEYS[1], intent) or '0') or 0
    if due > 0 and due <= now + patience then
      local _, ends = lease_of(intent)
      return ends > now and now + again or math.max(now + 1, math.ceil(due))
    end
  end
end

for i = 2, #KEYS do
  local intent, key, earlier = unpack(ARGV, 10 + 3 * (i - 2), 12 + 3 * (i - 2))
  local owner, ends = lease_of(intent)
  if owner == token then
    local at = after_earlier(earlier)
    if at then
      come_back(intent, at)
      answer = 'later'
    else
      goes[intent] = true
      table.insert(going, {intent = intent, key = key, lease_end = ends, messages = KEYS[i]})
    end
  end
end
if #going == 0 then
  return {answer}
end

if ARGV[5] ~= '' then
  local lane, every, burst = prefix .. 'outbox:lane:' .. ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
  local busy, last = unpack(redis.call('HMGET', lane, 'busy', 'last'))
  busy, last = tonumber(busy or '0'), tonumber(last or '0')
  local free = busy - burst * every
  if free > now + 3600000 then
    busy, last, free = 0, 0, 0 -- a clock that jumped back must not silence a channel
  end

  local slots, slot = lane .. ':slots', 0
  for _, one in ipairs(going) do
    local own = tonumber(redis.call('HGET', slots, one.intent) or '0')
    if own > 0 and (slot == 0 or own < slot) then
      slot = own
    end
  end
  local start = now
  if slot > now then
    start = slot
  elseif slot > 0 and now - slot < 10 * every then
    start = math.max(now, free) -- a little late: the next one in line
  elseif free > now or last > now then
    slot, start = 0, math.max(free, last + every) -- behind everybody who waits
  end

  if start > now then
    local seats = lane .. ':seats'
    local seat, taken = string.match(redis.call('HGET', seats, place) or '', '^(%d+) (%d+)$')
    seat, taken = tonumber(seat or '0'), tonumber(taken or '0')
    for _, one in ipairs(going) do
      local at = start
      if slot == 0 then
        if place == '' or seat <= now or seat > last or taken >= room then
          seat, taken = math.max(free, last + every), 0
        end
        at, taken = seat, taken + 1
      end
      last = math.max(last, at)
      redis.call('HSET', slots, one.intent, at)
      come_back(one.intent, at)
    end
    if slot == 0 and place ~= '' then
      redis.call('HSET', seats, place, string.format('%d %d', seat, taken))
      redis.call('PEXPIRE', seats, 3600000)
    end
    redis.call('HSET', lane, 'last', last)
    redis.call('PEXPIRE', lane, 3600000)
    redis.call('PEXPIRE', slots, 3600000)
    return {'later'}
  end
  for _, one in ipairs(going) do
    redis.call('HDEL', slots, one.intent)
  end
  redis.call('HSET', lane, 'busy', math.max(busy, now) + every)
  redis.call('PEXPIRE', lane, 3600000)
end

local told = {'go'}
for _, one in ipairs(going) do
  redis.call('HSET', leases, one.intent, token .. ' ' .. ARGV[4])
  local score = redis.call('ZSCORE', KEYS[1], one.intent)
  if score and tonumber(score) == one.lease_end - 0.5 then
    redis.call('ZADD', KEYS[1], tonumber(ARGV[4]) - 0.5, one.intent)
  end
  local written = ''
  if one.key ~= '' then
    local known = redis.call('HGET', one.messages, '?' .. one.intent)
    local mark = known and cjson.decode(known) or {key = one.key, since = now, posts = 0}
    mark.posts = mark.posts + 1
    written = cjson.encode(mark)
    redis.call('HSET', one.messages, '?' .. one.intent, written)
  end
  table.insert(told, one.intent)
  table.insert(told, written)
end
return told
