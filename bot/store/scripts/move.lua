-- One step of a request's life: refused when the version moved on, otherwise written with all that belongs to it.
-- KEYS[1] the request's record, KEYS[2] the mark of the signed click behind it, or none
-- ARGV: prefix, id, version before, version after, body, state before, state after, deadline ms or '', now ms,
--       service id or '', product code or '', audit line, next look ms or '', entries of the ledger as JSON or '',
--       '1' when the service was found and must be nobody else's yet, seconds the mark is kept, what changes in a budget as
--       JSON or '', intents...
-- The budget is {channel, month, cents to hold back or none when the reservation ends, cap or none}.
-- Returns 1 when written. Writing the very same step again (a repeated command after a lost answer) is 1 as well.
-- Returns -1, with nothing written, when the click was here before.
-- Returns {cents spent, cents reserved by others}, with nothing written, when more is to be held back than the cap allows.
--include budget
--include book_entries
--include seen_before
local prefix, id, before, after, body = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local record = redis.call('HMGET', KEYS[1], 'version', 'body')

if record[1] ~= before then
  if record[1] == after and record[2] == body then
    return 1
  end
  return 0
end

if ARGV[15] == '1' and ARGV[10] ~= '' and (redis.call('HGET', prefix .. 'service', ARGV[10]) or id) ~= id then
  return 0
end

local budget = ARGV[17] ~= '' and cjson.decode(ARGV[17])
local purse = budget and budget_key(prefix, budget.channel, budget.month)
if budget and budget.cap and budget.cents > tonumber(redis.call('HGET', purse, id) or 0) then
  local spent = budget_spent(prefix, budget.channel, budget.month)
  local room = budget.cap - spent - budget.cents
  if budget_held(prefix, budget.channel, budget.month, id) > room then
    local reserved = budget_reserved(prefix, budget.channel, budget.month, id)
    if reserved > room then
      return {spent, reserved}
    end
  end
end

if seen_before(KEYS[2], after, ARGV[16]) then
  return -1
end

redis.call('HSET', KEYS[1], 'version', after, 'body', body)
if ARGV[6] ~= ARGV[7] then
  redis.call('ZREM', prefix .. 'state:' .. ARGV[6], id)
  redis.call('ZADD', prefix .. 'state:' .. ARGV[7], id, id)
end
if ARGV[8] == '' then
  redis.call('ZREM', prefix .. 'deadline', id)
else
  redis.call('ZADD', prefix .. 'deadline', ARGV[8], id)
end
if ARGV[10] ~= '' then
  redis.call('HSET', prefix .. 'service', ARGV[10], id)
end
if ARGV[11] ~= '' then
  redis.call('SADD', prefix .. 'bought', ARGV[11])
end
redis.call('XADD', prefix .. 'audit', '*', 'request', id, 'entry', ARGV[12])
if ARGV[13] == '' then
  redis.call('ZREM', prefix .. 'followed', id)
else
  redis.call('ZADD', prefix .. 'followed', ARGV[13], id)
end
if ARGV[14] ~= '' then
  book_entries(prefix, ARGV[14])
end
if budget and budget.cents then
  redis.call('HSET', purse, id, budget.cents)
elseif budget then
  redis.call('HDEL', purse, id)
end
for i = 18, #ARGV do
  redis.call('ZADD', prefix .. 'outbox', ARGV[9], ARGV[i])
end
return 1
