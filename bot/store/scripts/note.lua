-- A line of the audit trail about what changed no request; once for each signed click.
-- KEYS[1] the trail, KEYS[2] the mark of the signed click, or none
-- ARGV: number of the request or 0, line, token of this call, seconds the mark is kept
-- Returns 1 when written, also when this very call comes again after a lost answer; 0 when the click was here before.
--include seen_before
local seen = seen_before(KEYS[2], ARGV[3], ARGV[4])
if seen then
  return seen == ARGV[3] and 1 or 0
end
redis.call('XADD', KEYS[1], '*', 'request', ARGV[1], 'entry', ARGV[2])
return 1
