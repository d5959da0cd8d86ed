-- What a watch remembers, written over what it had read.
-- KEYS[1] the watches; ARGV: name, text before or '' for none, text after
-- Returns 1 when it is written, or was by the same command before.
local now = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if now == ARGV[3] then
  return 1
end
if now ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
