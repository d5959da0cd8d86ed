-- Take intents that are due. A taken intent comes back by itself when its lease ends.
-- KEYS[1] the outbox; ARGV: now ms, lease end ms, limit
-- The new score is the token: whoever asks for the same intent again meanwhile changes it, see settle_intent.
local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[3])
for _, intent in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[2], intent)
end
return due
