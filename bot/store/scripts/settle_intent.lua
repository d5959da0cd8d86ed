-- Finish a taken intent, or give it a later time, unless it was asked for again while it was being delivered.
-- KEYS[1] the outbox; ARGV: intent, token (the score given by claim_intents), new due ms or '' when done
-- Returns 1 when it was still ours.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return 0
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
return 1
