-- Write entries of the ledger that belong to no step of a request.
-- KEYS[1] the entries by id; ARGV: prefix, entries as JSON
-- Returns how many were new.
--include budget
--include book_entries
return book_entries(ARGV[1], ARGV[2])
