-- Digests of a channel are set or switched off, each with its line in the audit trail. What was due before now is not
-- posted any more.
-- KEYS: set, since, told, the trail, the mark of the signed click or none
-- ARGV: token of this call, seconds the mark is kept, now ms, then for each digest: field, record, audit line
-- Returns 1 when written, also when this very call comes again after a lost answer; 0 when the click was here before.
--include seen_before
local seen = seen_before(KEYS[5], ARGV[1], ARGV[2])
if seen then
  return seen == ARGV[1] and 1 or 0
end
for i = 4, #ARGV, 3 do
  redis.call('XADD', KEYS[4], '*', 'request', 0, 'entry', ARGV[i + 2])
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[3])
  redis.call('HDEL', KEYS[3], ARGV[i])
end
return 1
