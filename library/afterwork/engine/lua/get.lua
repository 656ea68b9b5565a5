#!lua flags=no-writes
-- One job as it is at one instant. ARGV: id. Returns {now, record as a flat list, history, result envelope or false}; the record is empty if there is none.
local id = ARGV[1]
return {
  now(), call('HGETALL', JOB .. id), call('LRANGE', HISTORY .. id, 0, -1), call('GET', RESULT .. id),
}
