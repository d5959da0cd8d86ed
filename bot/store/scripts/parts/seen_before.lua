-- The token under which a signed click was here before; nil when it is here for the first time, which is remembered
-- for so many seconds. `key` is nil for what nobody clicked.
local function seen_before(key, token, seconds)
  local seen = key and redis.call('GET', key)
  if key and not seen then
    redis.call('SET', key, token, 'EX', seconds)
  end
  return seen or nil
end
