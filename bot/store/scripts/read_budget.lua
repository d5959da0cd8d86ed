-- How the budget of a channel's month stands.
-- KEYS[1] the budget; ARGV: prefix, channel, month, request whose own reservation is left out or ''
-- Returns {cents spent, cents reserved}.
--include budget
return {budget_spent(ARGV[1], ARGV[2], ARGV[3]), budget_reserved(ARGV[1], ARGV[2], ARGV[3], ARGV[4])}
