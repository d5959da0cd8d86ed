-- A notice is kept with whom to tell, once under its key, and with its line in the audit trail where it has one.
-- KEYS[1] the notice, KEYS[2] the last day that each channel's digests were announced for
-- ARGV: prefix, body, memory s, now ms, audit line or '', field and last day of a digest or '' for both, intents...
-- Days are written so that they sort: an earlier one never takes the place of a later one.
-- Returns 1 when it is new.
if ARGV[6] ~= '' and (redis.call('HGET', KEYS[2], ARGV[6]) or '') < ARGV[7] then
  redis.call('HSET', KEYS[2], ARGV[6], ARGV[7])
end
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'EX', ARGV[3]) then
  return 0
end
if ARGV[5] ~= '' then
  redis.call('XADD', ARGV[1] .. 'audit', '*', 'request', 0, 'entry', ARGV[5])
end
for i = 8, #ARGV do
  redis.call('ZADD', ARGV[1] .. 'outbox', ARGV[4], ARGV[i])
end
return 1
