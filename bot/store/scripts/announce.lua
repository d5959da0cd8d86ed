-- A notice is kept with whom to tell, once under its key.
-- KEYS[1] the notice; ARGV: prefix, body, memory s, now ms, intents...
-- Returns 1 when it is new.
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'EX', ARGV[3]) then
  return 0
end
for i = 5, #ARGV do
  redis.call('ZADD', ARGV[1] .. 'outbox', ARGV[4], ARGV[i])
end
return 1
