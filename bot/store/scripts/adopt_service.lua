-- A service bought outside the bot becomes one of a channel. The first one wins.
-- KEYS[1] the owners; ARGV: prefix, service, owner JSON, channel, person, audit line
-- Returns 1 when it was nobody's. Adopting it into the same channel again (a repeated command) is 1 as well.
local account = ARGV[1] .. 'account:'
if redis.call('HEXISTS', account .. 'services', ARGV[2]) == 0 then
  return 0
end
if redis.call('HSETNX', KEYS[1], ARGV[2], ARGV[3]) == 0 then
  return redis.call('HGET', KEYS[1], ARGV[2]) == ARGV[3] and 1 or 0
end
redis.call('XADD', ARGV[1] .. 'audit', '*', 'request', 0, 'entry', ARGV[6])
local place = redis.call('ZSCORE', account .. 'outside', ARGV[2])
if place then
  redis.call('ZREM', account .. 'outside', ARGV[2])
  redis.call('ZADD', account .. 'channel:' .. ARGV[4], place, ARGV[2])
  redis.call('ZADD', account .. 'person:' .. ARGV[5], place, ARGV[2])
end
return 1
