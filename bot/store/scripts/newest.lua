-- Keep the greatest ordinal seen under a name for a while. KEYS[1] the name; ARGV: ordinal, seconds
-- Returns 1 when nothing greater is known.
local known = redis.call('GET', KEYS[1])
if known and tonumber(known) > tonumber(ARGV[1]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
