-- A draft stops waiting for its price without becoming a request. What it held is remembered for a while, for the news.
-- KEYS[1] the kept draft; ARGV: prefix, draft, user, version, body, memory s, now ms, audit line, intents...
-- Returns 1 when it was still waiting in this version.
local prefix, draft = ARGV[1], ARGV[2]
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[4] or redis.call('ZREM', prefix .. 'waiting', draft) == 0 then
  return 0
end

redis.call('ZREM', prefix .. 'waiting:' .. ARGV[3], draft)
redis.call('HSET', KEYS[1], 'body', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('XADD', prefix .. 'audit', '*', 'request', 0, 'entry', ARGV[8])
for i = 9, #ARGV do
  redis.call('ZADD', prefix .. 'outbox', ARGV[7], ARGV[i])
end
return 1
