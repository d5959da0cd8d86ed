-- Slack refuses us as a whole: nobody speaks for a while, longer each time it is tried in vain.
-- KEYS[1] the silence; ARGV: code, now ms, first wait ms, longest wait ms
-- Returns 1 when this is new.
local is_new = redis.call('HSETNX', KEYS[1], 'since', ARGV[2])
local code = redis.call('HGET', KEYS[1], 'code')
local asleep = tonumber(redis.call('HGET', KEYS[1], 'asleep_until') or '0')
if is_new == 1 or asleep <= tonumber(ARGV[2]) then
  local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
  local wait = math.min(tonumber(ARGV[3]) * 2 ^ (tries - 1), tonumber(ARGV[4]))
  redis.call('HSET', KEYS[1], 'until', ARGV[2] + wait, 'asleep_until', ARGV[2] + wait)
end
redis.call('HSET', KEYS[1], 'code', ARGV[1])
return (is_new == 1 or code ~= ARGV[1]) and 1 or 0
