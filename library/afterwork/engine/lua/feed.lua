#!lua flags=no-writes
-- Entries of the feed of all jobs. ARGV: id of the first, or '' for the newest; how many at most.
-- Returns {id of the oldest that is kept, id of the newest, entries}, ids '' if there are none; entry: {id, changes}.
local oldest = call('XRANGE', EVENTS, '-', '+', 'COUNT', 1)[1]
if not oldest then return { '', '', {} } end
local newest = call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)[1]
local found = {}
for i, entry in ipairs(call('XRANGE', EVENTS, ARGV[1] ~= '' and ARGV[1] or newest[1], '+', 'COUNT', ARGV[2])) do
  found[i] = { entry[1], entry[2][2] }
end
return { oldest[1], newest[1], found }
