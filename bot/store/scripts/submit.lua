-- A draft becomes a request: number, record, indexes, audit line and intents in one move, once per draft.
-- KEYS[1] any key of the workspace (fixes the cluster slot)
-- ARGV: prefix, draft, body, state, requester, channel, deadline ms, now ms, draft memory s, audit line,
--       version of the draft that must still be waiting for its price or '', intents...
-- The number is not known before this runs, so the intents carry 0 in its place.
-- Returns {number, 1 when new or 0 when this draft had been submitted before}; {0, 0} when it does not wait (so) any more.
local prefix, draft, body, state = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local requester, channel, deadline, now = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local sent = prefix .. 'sent:' .. draft
local earlier = redis.call('GET', sent)
if earlier then
  return {tonumber(earlier), 0}
end

local waiting = redis.call('ZSCORE', prefix .. 'waiting', draft)
if ARGV[11] ~= '' and (not waiting or redis.call('HGET', prefix .. 'kept:' .. draft, 'version') ~= ARGV[11]) then
  return {0, 0}
end
if waiting then
  redis.call('ZREM', prefix .. 'waiting', draft)
  redis.call('ZREM', prefix .. 'waiting:' .. requester, draft)
  redis.call('DEL', prefix .. 'kept:' .. draft)
end

local id = redis.call('INCR', prefix .. 'number')
if id <= 1000 then
  id = 1001
  redis.call('SET', prefix .. 'number', id)
end
redis.call('SET', sent, id, 'EX', ARGV[9])
redis.call('HSET', prefix .. 'request:' .. id, 'version', 1, 'body', body)
redis.call('ZADD', prefix .. 'state:' .. state, id, id)
redis.call('ZADD', prefix .. 'requester:' .. requester, id, id)
redis.call('ZADD', prefix .. 'channel:' .. channel, id, id)
redis.call('ZADD', prefix .. 'deadline', deadline, id)
redis.call('XADD', prefix .. 'audit', '*', 'request', id, 'entry', ARGV[10])
for i = 12, #ARGV do
  redis.call('ZADD', prefix .. 'outbox', now, (string.gsub(ARGV[i], ':0', ':' .. id, 1)))
end
return {id, 1}
