-- What is chosen in a form; kept once for each signed ask for the form.
-- KEYS[1] the draft, KEYS[2] the mark of the signed ask, or none
-- ARGV: draft, seconds it is kept, its id, seconds the mark is kept
-- Returns 1 when written, 0 when the ask was here before. The same draft is the same ask, told again.
--include seen_before
local seen = seen_before(KEYS[2], ARGV[3], ARGV[4])
if seen and seen ~= ARGV[3] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
