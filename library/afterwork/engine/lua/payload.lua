#!lua flags=no-writes
-- A job's payload in ARQ's envelope, false if there is none. ARGV: id.
return call('GET', PAYLOAD .. ARGV[1]) or call('GET', ENDED_PAYLOAD .. ARGV[1])
