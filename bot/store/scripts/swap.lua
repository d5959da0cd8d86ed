-- Replace a versioned value unless somebody was faster. KEYS[1] the value; ARGV: version before (0 for none), version, body
local known = redis.call('HGET', KEYS[1], 'version') or '0'
if known ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'body', ARGV[3])
return 1
