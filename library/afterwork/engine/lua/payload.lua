#!lua flags=no-writes
-- A job's payload in ARQ's envelope, false if there is none, or if it calls a plain function. What somebody else put there
-- as anything but a string is returned as DUMP tells it. ARGV: id.
if call('HGET', JOB .. ARGV[1], 'kind') == PLAIN then return false end -- in a form that only its users know
for _, key in ipairs({ PAYLOAD .. ARGV[1], ENDED_PAYLOAD .. ARGV[1] }) do
  local payload = read_text(key) or call('DUMP', key)
  if payload then return payload end
end
return false
