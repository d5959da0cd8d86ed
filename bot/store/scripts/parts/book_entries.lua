-- Write entries of the ledger, each id once for ever, with every total they change.
-- `text` is JSON: a list of {id, body, at ms, month, channel or '', row, adds by measure, service or '' when not a
-- request's, month of the budget it counts in, cents it adds to what is spent of that}. Needs the part `budget`.
-- Returns how many were new.
local function book_entries(prefix, text)
  local new = 0
  for _, entry in ipairs(cjson.decode(text)) do
    if redis.call('HSETNX', prefix .. 'entry', entry.id, entry.body) == 1 then
      new = new + 1
      redis.call('ZADD', prefix .. 'entries:' .. entry.month, entry.at, entry.id)
      redis.call('SADD', prefix .. 'spent:' .. entry.month, entry.channel)
      if entry.counts ~= 0 and entry.channel ~= '' then
        budget_spent(prefix, entry.channel, entry.month) -- summed, if it has yet to be, before this entry is among the rows
        budget_spent(prefix, entry.channel, entry.budget)
        redis.call('HINCRBY', budget_key(prefix, entry.channel, entry.budget), 'spent', entry.counts)
      end
      for measure, by in pairs(entry.adds) do
        redis.call('HINCRBY', prefix .. 'spend:' .. entry.channel .. ':' .. entry.month, entry.row .. measure, by)
      end
      if entry.service ~= '' then
        local known = redis.call('HGET', prefix .. 'booked', entry.service) or ''
        redis.call('HSET', prefix .. 'booked', entry.service, known .. '\n' .. entry.id) -- an id may hold a space
      end
    end
  end
  return new
end

