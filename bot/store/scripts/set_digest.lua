-- A channel's digest is set or switched off. What was due before now is not posted any more.
-- KEYS: set, since, told; ARGV: field, record, now ms.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
