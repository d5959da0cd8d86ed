-- The budget of a channel's month is one hash: `spent`, net cents, and for each request that holds some back, its cents.
local function budget_key(prefix, channel, month)
  return prefix .. 'budget:' .. channel .. ':' .. month
end

local signs = {paid = 1, open = 1, refunded = -1, credited = -1}

-- Summed over the rows of the ledger once, when the month is first asked for; kept as entries are booked from then on.
local function budget_spent(prefix, channel, month)
  local key = budget_key(prefix, channel, month)
  local known = redis.call('HGET', key, 'spent')
  if known then
    return tonumber(known)
  end
  local sum = 0
  local rows = redis.call('HGETALL', prefix .. 'spend:' .. channel .. ':' .. month)
  for i = 1, #rows, 2 do
    sum = sum + (signs[string.match(rows[i], '|([%a_]+)$')] or 0) * tonumber(rows[i + 1])
  end
  redis.call('HSET', key, 'spent', string.format('%.0f', sum))
  return sum
end

-- All that is written as held back, but by `id`: quick, and never too little.
local function budget_held(prefix, channel, month, id)
  local sum = 0
  local held = redis.call('HGETALL', budget_key(prefix, channel, month))
  for i = 1, #held, 2 do
    if held[i] ~= 'spent' and held[i] ~= id then
      sum = sum + tonumber(held[i + 1])
    end
  end
  return sum
end

-- What requests other than `id` hold back. One that is neither approved nor being bought nor in doubt holds nothing: it
-- is dropped.
local function budget_reserved(prefix, channel, month, id)
  local key, sum = budget_key(prefix, channel, month), 0
  local held = redis.call('HGETALL', key)
  for i = 1, #held, 2 do
    local request = held[i]
    if request ~= 'spent' and request ~= id then
      local is_open = false
      for _, state in ipairs({'approved', 'ordering', 'in_doubt'}) do
        is_open = is_open or redis.call('ZSCORE', prefix .. 'state:' .. state, request)
      end
      if is_open then
        sum = sum + tonumber(held[i + 1])
      else
        redis.call('HDEL', key, request)
      end
    end
  end
  return sum
end
